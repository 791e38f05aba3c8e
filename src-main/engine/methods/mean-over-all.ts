import type { Upload } from '../federated/aggregation'
import type { ModelPlan } from '../models/plan'
import { applyMask } from '../sparsity/masks'
import type { ServerStep, UploadContext } from './recipe'

export type UploadMean = (context: UploadContext) => ServerStep

/**
 * Sample-weighted mean over all uploads in which a weight that a client lacks counts as 0. The mask holds the weights that
 * at least `votes` of them have; the others become 0. Sums are float64 in the order of the uploads.
 */
export function meanOverAll(plan: ModelPlan, uploads: readonly Upload[], votes: number): ServerStep {
  const sums = new Float64Array(plan.parameterCount)
  const owners = new Uint32Array(plan.prunableCount)
  const samples = uploads.reduce((total, upload) => total + upload.samples, 0)
  for (const { parameters, mask, samples: weight } of uploads) {
    const masked = applyMask(plan, parameters, mask)
    for (let at = 0; at < sums.length; at++) sums[at] += weight * masked[at]
    for (let at = 0; at < owners.length; at++) owners[at] += mask[at]
  }
  const mask = Uint8Array.from(owners, (count) => (count >= votes ? 1 : 0))
  const mean = Float32Array.from(sums, (sum) => sum / samples)
  return { parameters: applyMask(plan, mean, mask), mask }
}
