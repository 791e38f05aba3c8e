import { topologyEnd, type Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'
import { excludedLayers, layerTargets, overallTargets } from '../sparsity/distributions'
import { largestOverall, magnitudes } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, randomMask } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { decayedRatio, isAtInterval, type Schedule } from '../sparsity/schedule'
import { gradientGrowth, moveTopology } from '../sparsity/topology-update'
import { meanGradient, scoredTraining } from './moving-mask'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** Pruning ends when the topology freezes for others; regeneration goes on, R falling by a cosine over all rounds. */
const regenerating: Schedule = {
  ratioAt: ({ readjustmentRatio, rounds }, round) => decayedRatio(readjustmentRatio, 'cosine', round, rounds),
  isDue: isAtInterval,
}

/**
 * The sparsity after the update of `round`: s + (s₀ − s)·(1 − t/T)³ with T the round at which the topology freezes for other
 * methods (Zhu & Gupta 2017).
 */
export function sparsityAt(experiment: Experiment, round: number): number {
  const { sparsity, initialSparsity } = experiment
  const end = pruningEnd(experiment)
  const progress = end === 0 ? 1 : Math.min(1, round / end)
  return sparsity + (Math.min(initialSparsity, sparsity) - sparsity) * (1 - progress) ** 3
}

/** The last update that leaves a round to be trained under its mask, or the one at which pruning should end. */
function pruningEnd(experiment: Experiment): number {
  const { rounds, readjustmentInterval } = experiment
  const lastUpdate = Math.floor(Math.max(0, rounds - 2) / readjustmentInterval) * readjustmentInterval
  return Math.min(topologyEnd(experiment), lastUpdate)
}

/**
 * GraNet (Liu et al. 2021): starts at a lower sparsity, dense by default. In an update the server prunes the averaged model
 * over all layers by magnitude down to a cubic schedule; then every layer drops the share R of smallest |w| and grows as many
 * where the clients' mean gradient is largest (zero-cost regeneration).
 */
export const graNet: MethodRecipe = {
  ...staticPruning,
  ...scoredTraining(regenerating, () => ({ gradientBatches: 1, momentum: false })),
  initialMask: {
    targets: (plan, experiment) => {
      // Refuses at once what could not be reached in the end.
      overallTargets(plan.prunable, experiment)
      return layerTargets(plan.prunable, experiment, Math.min(experiment.initialSparsity, experiment.sparsity))
    },
    draw: ({ plan, experiment, active }) => ({ mask: randomMask(plan, active, experiment.seed) }),
  },
  updateTopology: {
    ...regenerating,
    move: ({ plan, experiment, round, ratio, model, uploads }) => {
      const pruned = activeAt(plan, experiment, round)
      const mask = largestOverall(
        plan,
        magnitudes(plan, model.parameters),
        pruned,
        model.mask,
        excludedLayers(plan.prunable, experiment),
      )
      const smaller = { parameters: applyMask(plan, model.parameters, mask), mask }
      const regenerated = moveTopology(plan, smaller, ratio, gradientGrowth(meanGradient(uploads)))
      // A weight that pruning took and regeneration gave back starts at 0, which `moveToMask` would not know.
      return {
        parameters: regenerated.parameters,
        mask: regenerated.mask,
        layers: regenerated.layers.map(({ dropped, grown }, index) => ({
          dropped: union(positionsTaken(plan, model.mask, mask, index), dropped),
          grown,
        })),
        requestedActive: activePerLayer(plan, regenerated.mask),
      }
    },
    activeAfter: (plan, experiment, round) => {
      const share = activeAt(plan, experiment, round) / plan.prunableCount
      return plan.prunable.map(({ weightCount }) => Math.max(1, Math.round(share * weightCount)))
    },
  },
}

/** Active weights of the whole network after the update of `round`. */
function activeAt(plan: ModelPlan, experiment: Experiment, round: number): number {
  return Math.max(
    plan.prunable.length,
    plan.prunableCount - Math.floor(sparsityAt(experiment, round) * plan.prunableCount),
  )
}

/** Positions within a layer that are in the first mask and not in the second. */
function positionsTaken(plan: ModelPlan, before: Uint8Array, after: Uint8Array, index: number): Uint32Array {
  const { maskOffset, weightCount } = plan.prunable[index]
  const part = (mask: Uint8Array) => mask.subarray(maskOffset, maskOffset + weightCount)
  const left = part(after)
  return positionsOf(
    part(before).map((bit, at) => bit & ~left[at]),
    1,
  )
}

function union(a: Uint32Array, b: Uint32Array): Uint32Array {
  return Uint32Array.from(new Set([...a, ...b])).sort()
}
