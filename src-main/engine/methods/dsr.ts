import { arrayOf } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { excludedLayers } from '../sparsity/distributions'
import { magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, countActive } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { shareOut } from '../sparsity/redistribute'
import { constantUntilFrozen } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import type { MaskedModel } from '../trainer/trainer'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** The threshold stays while the number dropped is within this share of the number wanted. */
const tolerance = 0.1

/** H doubled when too few weights were below it, halved when too many were. */
export function adaptThreshold(threshold: number, dropped: number, wanted: number): number {
  if (dropped < (1 - tolerance) * wanted) return 2 * threshold
  return dropped > (1 + tolerance) * wanted ? threshold / 2 : threshold
}

/**
 * What DSR keeps: the active weights with |w| ≥ H, in each layer at least its largest one. No more drop than there are empty
 * places to grow on, the smallest |w| first. `excluded` layers drop none.
 */
export function keptAbove(
  plan: ModelPlan,
  model: MaskedModel,
  threshold: number,
  excluded: readonly string[] = [],
): Uint8Array {
  const sizes = magnitudes(plan, model.parameters)
  const isBelow = new Uint8Array(plan.prunableCount)
  plan.prunable.forEach(({ name, maskOffset, weightCount }) => {
    if (excluded.includes(name)) return
    const active = positionsOf(model.mask.subarray(maskOffset, maskOffset + weightCount), 1)
    const largest = selectByRank(sizes.subarray(maskOffset, maskOffset + weightCount), active, 1, 'largest')[0]
    for (const at of active) {
      if (at !== largest && sizes[maskOffset + at] < threshold) isBelow[maskOffset + at] = 1
    }
  })
  const room = plan.prunableCount - countActive(model.mask)
  const mask = model.mask.slice()
  for (const at of selectByRank(sizes, positionsOf(isBelow, 1), room, 'smallest')) mask[at] = 0
  return mask
}

/**
 * Grows `count` weights over the network: each layer a part in proportion to what it has kept, at random among the places
 * that were empty before the drop; what a full layer cannot take goes to the others.
 */
export function growInProportion(plan: ModelPlan, before: Uint8Array, kept: Uint8Array, seed: number, round: number) {
  const count = countActive(before) - countActive(kept)
  const empty = plan.prunable.map(({ maskOffset, weightCount }) =>
    positionsOf(before.subarray(maskOffset, maskOffset + weightCount), 0),
  )
  const grown = shareOut(
    count,
    activePerLayer(plan, kept),
    empty.map(({ length }) => length),
  )
  const mask = kept.slice()
  plan.prunable.forEach(({ name, maskOffset }, index) => {
    const stream = namedStream(seed, `growth/${round}/${name}`)
    for (const at of drawWithoutReplacement(stream, empty[index], grown[index])) mask[maskOffset + at] = 1
  })
  return mask
}

/**
 * DSR (Mostafa & Wang 2019): one threshold H for the whole network; what is below drops, and H follows so that about the
 * share R of the active weights drops each time. As many grow, in layers in proportion to what they have kept.
 */
export const dsr: MethodRecipe = {
  ...staticPruning,
  updateTopology: {
    ...constantUntilFrozen,
    move: ({ plan, experiment, round, ratio, model, state }) => {
      const threshold = 'threshold' in state ? arrayOf(state, 'threshold', Float64Array)[0] : experiment.dropThreshold
      const kept = keptAbove(plan, model, threshold, excludedLayers(plan.prunable, experiment))
      const mask = growInProportion(plan, model.mask, kept, experiment.seed, round)
      const active = countActive(model.mask)
      const next = adaptThreshold(threshold, active - countActive(kept), Math.floor(ratio * active))
      return {
        ...moveToMask(plan, model, mask),
        requestedActive: activePerLayer(plan, mask),
        state: { ...state, threshold: Float64Array.of(next) },
      }
    },
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}
