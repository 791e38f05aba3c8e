import type { ModelPlan } from '../models/plan'
import { activePositions } from '../sparsity/masks'
import type { MaskedModel } from '../trainer/trainer'
import { arrayOf, type NamedArrays } from './named-arrays'

export interface Upload extends MaskedModel {
  readonly client: number
  /** Training images of the client: its weight in every mean. */
  readonly samples: number
  /** What it sent beside its model. */
  readonly sent: NamedArrays
}

/** What the mean of models reads of an upload. */
type WeightedModel = MaskedModel & Pick<Upload, 'samples'>

interface MeanInput {
  readonly plan: ModelPlan
  readonly uploads: readonly WeightedModel[]
}

/**
 * Sample-weighted mean of the uploads that knows masks: a weight is averaged over the clients in whose mask it is, and is 0
 * where it is in none; biases are averaged over all. The mask of the result is the union (Bibikar et al. 2022). Sums are
 * float64 in the order of the uploads.
 */
export function maskedMean({ plan, uploads }: MeanInput): MaskedModel {
  const sums = new Float64Array(plan.parameterCount)
  const samplesPerWeight = new Float64Array(plan.prunableCount)
  let samples = 0
  let lastMask: Uint8Array | null = null
  let active: readonly Uint32Array[] = []
  for (const upload of uploads) {
    samples += upload.samples
    // Most methods give all clients one mask.
    if (lastMask !== upload.mask) active = activePositionsPerLayer(plan, upload.mask)
    lastMask = upload.mask
    plan.prunable.forEach(({ weightOffset, maskOffset, biasOffset, biasCount }, layer) => {
      const positions = active[layer]
      for (let index = 0; index < positions.length; index++) {
        const at = positions[index]
        samplesPerWeight[maskOffset + at] += upload.samples
        sums[weightOffset + at] += upload.samples * upload.parameters[weightOffset + at]
      }
      for (let at = biasOffset; at < biasOffset + biasCount; at++) sums[at] += upload.samples * upload.parameters[at]
    })
  }
  const parameters = new Float32Array(plan.parameterCount)
  const mask = unionOf(plan, uploads)
  for (const { weightOffset, weightCount, maskOffset, biasOffset, biasCount } of plan.prunable) {
    for (let at = 0; at < weightCount; at++) {
      if (mask[maskOffset + at] === 1)
        parameters[weightOffset + at] = sums[weightOffset + at] / samplesPerWeight[maskOffset + at]
    }
    for (let at = biasOffset; at < biasOffset + biasCount; at++) parameters[at] = sums[at] / samples
  }
  return { parameters, mask }
}

function activePositionsPerLayer(plan: ModelPlan, mask: Uint8Array): Uint32Array[] {
  return plan.prunable.map(({ maskOffset, weightCount }) =>
    activePositions(mask.subarray(maskOffset, maskOffset + weightCount)),
  )
}

function unionOf(plan: ModelPlan, uploads: readonly WeightedModel[]): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  for (const one of new Set(uploads.map((upload) => upload.mask)))
    for (let at = 0; at < mask.length; at++) mask[at] |= one[at]
  return mask
}

/** Sample-weighted mean of an array of floats that every client sent. */
export function meanOfSent(uploads: readonly Upload[], name: string): Float32Array {
  return weightedMean(
    uploads.map(({ sent }) => arrayOf(sent, name, Float32Array)),
    uploads.map(({ samples }) => samples),
  )
}

/** Sample-weighted mean of equally long vectors, summed in float64 in their order. */
export function weightedMean(vectors: readonly Float32Array[], samples: readonly number[]): Float32Array {
  const sums = new Float64Array(vectors[0].length)
  const total = samples.reduce((sum, count) => sum + count, 0)
  vectors.forEach((vector, client) => {
    for (let at = 0; at < sums.length; at++) sums[at] += samples[client] * vector[at]
  })
  return Float32Array.from(sums, (sum) => sum / total)
}
