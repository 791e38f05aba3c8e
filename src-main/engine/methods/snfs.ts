import { meanOfSent } from '../federated/aggregation'
import type { ModelPlan } from '../models/plan'
import { largestPerLayer, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { shareOut } from '../sparsity/redistribute'
import { decaying } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import type { MaskedModel } from '../trainer/trainer'
import { scoredTraining, scoringOf } from './moving-mask'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** A layer less sparse than this drops no more than its sparsity, so that it does not fill up. */
const leastSparsity = 0.2
/** How much of its empty places a layer may fill. */
const mostFilled = 0.99

/**
 * One update of sparse momentum: every layer drops the share `ratio` of smallest |w|; as many grow over the network, each
 * layer in proportion to the mean |momentum| of its active weights, where |momentum| is largest among the empty places, just
 * dropped ones included. The total does not change. `momentum` follows the mask.
 */
export function moveByMomentum(plan: ModelPlan, model: MaskedModel, ratio: number, momentum: Float32Array): Uint8Array {
  const active = activePerLayer(plan, model.mask)
  const strength = momentum.map(Math.abs)
  const means = plan.prunable.map(({ maskOffset, weightCount }, index) => {
    let sum = 0
    for (let at = maskOffset; at < maskOffset + weightCount; at++) sum += strength[at] * model.mask[at]
    return sum / active[index]
  })
  const kept = plan.prunable.map(({ weightCount }, index) => {
    const sparsity = 1 - active[index] / weightCount
    const share = sparsity < leastSparsity ? Math.min(ratio, sparsity) : ratio
    return Math.max(1, active[index] - Math.floor(share * active[index]))
  })
  const mask = largestPerLayer(plan, magnitudes(plan, model.parameters), kept, model.mask)
  const total = active.reduce((sum, count, index) => sum + count - kept[index], 0)
  // A layer that dropped may always take that back, so that there is room for all.
  const room = plan.prunable.map(({ weightCount }, index) =>
    Math.max(active[index] - kept[index], Math.floor(mostFilled * (weightCount - kept[index]))),
  )
  const grown = shareOut(total, means, room)
  plan.prunable.forEach(({ maskOffset, weightCount }, index) => {
    const empty = positionsOf(mask.subarray(maskOffset, maskOffset + weightCount), 0)
    const scores = strength.subarray(maskOffset, maskOffset + weightCount)
    for (const at of selectByRank(scores, empty, grown[index], 'largest')) mask[maskOffset + at] = 1
  })
  return mask
}

/**
 * SNFS, sparse momentum (Dettmers & Zettlemoyer 2019): clients train the update rounds with dense momentum and send it; the
 * server drops by magnitude, shares the places out by the layers' mean momentum and grows where momentum is largest.
 */
export const snfs: MethodRecipe = {
  ...staticPruning,
  ...scoredTraining(decaying, (experiment) => scoringOf(experiment, 'magnitude', 'momentum')),
  updateTopology: {
    ...decaying,
    move: ({ plan, ratio, model, uploads }) => {
      const mask = moveByMomentum(plan, model, ratio, meanOfSent(uploads, 'momentum'))
      return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
    },
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}
