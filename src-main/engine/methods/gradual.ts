import { topologyEnd, type Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'
import {
  activeOverall,
  excludedLayers,
  layerTargets,
  overallTargets,
  type LayerTargets,
} from '../sparsity/distributions'
import { largestOverall, largestPerLayer, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer } from '../sparsity/masks'
import type { MaskedModel } from '../trainer/trainer'
import type { InitialMask, TopologyRule } from './recipe'

/**
 * The sparsity after `round` of a network that starts dense: S − S·(1 − t̃/T)^p with t̃ the rounds since `begin`, rounded
 * down to a multiple of the readjustment interval, and T those from `begin` until the topology freezes (Zhu & Gupta 2017;
 * Stripelis et al. 2022). 0 until `begin` rounds are done, S from the end on.
 */
export function gradualSparsity(experiment: Experiment, round: number, begin = 0): number {
  const { sparsity } = experiment
  return sparsity - sparsity * (1 - rampProgress(experiment, round, begin)) ** experiment.decayExponent
}

/** t̃/T of `gradualSparsity`. */
function rampProgress(experiment: Experiment, round: number, begin: number): number {
  const { readjustmentInterval } = experiment
  const length = topologyEnd(experiment) - begin
  if (round + 1 < begin) return 0
  const held = Math.floor((round + 1 - begin) / readjustmentInterval) * readjustmentInterval
  return length <= 0 ? 1 : Math.min(1, held / length)
}

/** Share of all pruning that is done after `round`: 1 − (1 − t̃/T)^p. */
export function rampShare(experiment: Experiment, round: number, begin: number): number {
  return 1 - (1 - rampProgress(experiment, round, begin)) ** experiment.decayExponent
}

/** How many of `weights` stay when `target` are to stay in the end. */
export type Remaining = (weights: number, target: number) => number

/**
 * The weights of largest magnitude among those in the mask: as many of each layer as its target and `remaining` say, or with
 * the scope `network` as many over all layers, of which excluded ones stay dense.
 */
export function prunedMask(
  plan: ModelPlan,
  experiment: Experiment,
  model: MaskedModel,
  remaining: Remaining,
): Uint8Array {
  const sizes = magnitudes(plan, model.parameters)
  if (experiment.pruningScope === 'layer') {
    return largestPerLayer(plan, sizes, layerCounts(plan, experiment, remaining), model.mask)
  }
  return largestOverall(
    plan,
    sizes,
    remaining(plan.prunableCount, activeOverall(plan.prunable, experiment.sparsity)),
    model.mask,
    excludedLayers(plan.prunable, experiment),
  )
}

function layerCounts(plan: ModelPlan, experiment: Experiment, remaining: Remaining): number[] {
  const { active } = layerTargets(plan.prunable, experiment)
  return plan.prunable.map(({ weightCount }, index) => Math.max(1, remaining(weightCount, active[index])))
}

/** Active weights per layer under `prunedMask`: exact by layers, an estimate over the network. */
function expectedCounts(plan: ModelPlan, experiment: Experiment, remaining: Remaining): readonly number[] {
  if (experiment.pruningScope === 'layer') return layerCounts(plan, experiment, remaining)
  const count = remaining(plan.prunableCount, activeOverall(plan.prunable, experiment.sparsity))
  return overallTargets(plan.prunable, experiment, count).active
}

/** A schedule that prunes by magnitude on the server after some rounds; `remainingAfter` is what stays after a round. */
export function pruningRule(
  isDue: (experiment: Experiment, round: number) => boolean,
  remainingAfter: (experiment: Experiment, round: number) => Remaining,
): TopologyRule {
  return {
    ratioAt: () => 0,
    isDue,
    move: ({ plan, experiment, round, model }) => {
      const mask = prunedMask(plan, experiment, model, remainingAfter(experiment, round))
      return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
    },
    activeAfter: (plan, experiment, round) => expectedCounts(plan, experiment, remainingAfter(experiment, round)),
  }
}

/**
 * A dense network that will be pruned to what `finalTargets` says. Asking for these before round 0 refuses at once what could
 * not be reached in the end.
 */
export function denseStart(finalTargets: (plan: ModelPlan, experiment: Experiment) => LayerTargets): InitialMask {
  return {
    targets: (plan, experiment) => ({
      active: plan.prunable.map(({ weightCount }) => weightCount),
      epsilon: null,
      warnings: finalTargets(plan, experiment).warnings,
    }),
    draw: ({ plan }) => ({ mask: new Uint8Array(plan.prunableCount).fill(1) }),
  }
}

/** The layers' counts at S, by layers or over the network as the experiment says. */
export function prunedTargets(plan: ModelPlan, experiment: Experiment): LayerTargets {
  return experiment.pruningScope === 'layer'
    ? layerTargets(plan.prunable, experiment)
    : overallTargets(plan.prunable, experiment)
}

/** Rounds that train the dense network before the first pruning: as asked for, or this share of all rounds, at least one. */
export function denseRounds(experiment: Experiment, share: number): number {
  return experiment.denseRounds ?? Math.max(1, Math.floor(share * experiment.rounds))
}
