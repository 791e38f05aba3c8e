import type { ModelPlan } from '../models/plan'
import { range } from '../random/draw'
import type { MaskedModel } from '../trainer/trainer'
import { selectByRank } from './selection'

/**
 * `layer_prune` of FedDST's published code: in every layer the weights of largest magnitude stay, chosen among *all*
 * positions, so that weights of value 0 rank alike whether they are active or not. A layer whose count is null is left as
 * it is. The model given is not changed.
 */
export function pruneAllPositions(
  plan: ModelPlan,
  model: MaskedModel,
  counts: readonly (number | null)[],
): MaskedModel {
  const parameters = model.parameters.slice()
  const mask = model.mask.slice()
  plan.prunable.forEach(({ weightOffset, weightCount, maskOffset }, index) => {
    const keep = counts[index]
    if (keep === null) return
    const weights = parameters.subarray(weightOffset, weightOffset + weightCount)
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const kept = selectByRank(weights.map(Math.abs), range(weightCount), keep, 'largest')
    bits.fill(0)
    for (const position of kept) bits[position] = 1
    for (let at = 0; at < weightCount; at++) if (bits[at] === 0) weights[at] = 0
  })
  return { parameters, mask }
}

/**
 * `layer_grow` of the same code: up to its count a layer gains the positions of largest gradient among *all* positions; what
 * is chosen becomes active with value 0. Where that is an active weight, its value is lost and the layer stays below its
 * count. `gradient` has the length of the parameters.
 */
export function growAllPositions(
  plan: ModelPlan,
  model: MaskedModel,
  counts: readonly (number | null)[],
  gradient: Float32Array,
): MaskedModel {
  const parameters = model.parameters.slice()
  const mask = model.mask.slice()
  plan.prunable.forEach(({ weightOffset, weightCount, maskOffset }, index) => {
    const keep = counts[index]
    if (keep === null) return
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const missing = keep - bits.reduce((sum, bit) => sum + bit, 0)
    const scores = gradient.slice(weightOffset, weightOffset + weightCount).map(Math.abs)
    for (const position of selectByRank(scores, range(weightCount), missing, 'largest')) {
      bits[position] = 1
      parameters[weightOffset + position] = 0
    }
  })
  return { parameters, mask }
}
