import type { ModelPlan } from '../models/plan'
import type { MaskedModel } from '../trainer/trainer'
import { applyMask, countActive } from './masks'
import { positionsOf } from './positions'
import { selectByRank } from './selection'
import type { TopologyMove } from './topology-update'

/** |w| of every prunable weight, in the order of the mask. */
export function magnitudes(plan: ModelPlan, parameters: Float32Array): Float32Array {
  const scores = new Float32Array(plan.prunableCount)
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    for (let at = 0; at < weightCount; at++) scores[maskOffset + at] = Math.abs(parameters[weightOffset + at])
  }
  return scores
}

/**
 * In every layer the `counts[l]` weights of largest score among those that are 1 in `within`, fewer where there are fewer.
 * Scores and masks are in the order of the mask; ties go to the lower position.
 */
export function largestPerLayer(
  plan: ModelPlan,
  scores: Float32Array,
  counts: readonly number[],
  within: Uint8Array,
): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  plan.prunable.forEach(({ maskOffset, weightCount }, index) => {
    const part = scores.subarray(maskOffset, maskOffset + weightCount)
    const candidates = positionsOf(within.subarray(maskOffset, maskOffset + weightCount), 1)
    for (const at of selectByRank(part, candidates, counts[index], 'largest')) mask[maskOffset + at] = 1
  })
  return mask
}

/**
 * The `count` weights of largest score over all layers among those that are 1 in `within`, but at least one in each layer and
 * all of them in the layers named in `alwaysDense`.
 */
export function largestOverall(
  plan: ModelPlan,
  scores: Float32Array,
  count: number,
  within: Uint8Array,
  alwaysDense: readonly string[] = [],
): Uint8Array {
  const mask = largestPerLayer(
    plan,
    scores,
    plan.prunable.map(({ name, weightCount }) => (alwaysDense.includes(name) ? weightCount : 1)),
    within,
  )
  const others = positionsOf(within, 1).filter((at) => mask[at] === 0)
  for (const at of selectByRank(scores, others, count - countActive(mask), 'largest')) mask[at] = 1
  return mask
}

/** The model under another mask: what is no longer in it becomes 0, what is new in it starts at 0. */
export function moveToMask(plan: ModelPlan, model: MaskedModel, mask: Uint8Array): TopologyMove {
  const layers = plan.prunable.map(({ maskOffset, weightCount }) => {
    const before = model.mask.subarray(maskOffset, maskOffset + weightCount)
    const after = mask.subarray(maskOffset, maskOffset + weightCount)
    return {
      dropped: positionsOf(
        before.map((bit, at) => bit & ~after[at]),
        1,
      ),
      grown: positionsOf(
        after.map((bit, at) => bit & ~before[at]),
        1,
      ),
    }
  })
  const kept = mask.map((bit, at) => bit & model.mask[at])
  return { parameters: applyMask(plan, model.parameters, kept), mask, layers }
}
