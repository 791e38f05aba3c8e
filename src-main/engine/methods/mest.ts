import { topologyEnd, type Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'
import { gradientScores, lowestScore, type Drop } from '../sparsity/criteria'
import { layerTargets } from '../sparsity/distributions'
import { magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, randomMask } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import type { Schedule } from '../sparsity/schedule'
import { moveTopology, randomGrowth, type TopologyMove } from '../sparsity/topology-update'
import { meanGradient, scoredTraining, type Scoring } from './moving-mask'
import type { MethodRecipe, TopologyContext } from './recipe'
import { staticPruning } from './static'

/** R until three quarters of the time in which the topology moves, then half of it (the steps of the published scripts). */
function steppedRatio({ readjustmentRatio }: Experiment, round: number, end: number): number {
  if (round >= end) return 0
  return round < 0.75 * end ? readjustmentRatio : readjustmentRatio / 2
}

const mutating: Schedule = {
  ratioAt: (experiment, round) => steppedRatio(experiment, round, topologyEnd(experiment)),
  isDue: (experiment, round) =>
    round % experiment.readjustmentInterval === 0 &&
    round < experiment.rounds - 1 &&
    mutating.ratioAt(experiment, round) > 0,
}

/** Clients send gradients only where the importance reads them. */
function scoring({ importanceCoefficient }: Experiment): Scoring {
  return { gradientBatches: importanceCoefficient > 0 ? 1 : 0, momentum: false }
}

/** The smallest importance |w| + λ·|g|. */
function leastImportant({ plan, experiment, model, uploads }: TopologyContext): Drop {
  const importance = magnitudes(plan, model.parameters)
  if (experiment.importanceCoefficient > 0) {
    const slopes = gradientScores(plan, meanGradient(uploads))
    for (let at = 0; at < importance.length; at++) importance[at] += experiment.importanceCoefficient * slopes[at]
  }
  return lowestScore(importance)
}

/**
 * MEST with elastic mutation, EM (Yuan et al. 2021): the least important weights drop and as many grow at random; how many
 * falls in steps.
 */
export const mestEm: MethodRecipe = {
  ...staticPruning,
  ...scoredTraining(mutating, scoring),
  updateTopology: {
    ...mutating,
    growsAtRandom: () => true,
    move: (context) => {
      const { plan, experiment, round, ratio, model } = context
      const growth = randomGrowth(experiment.seed, round)
      return moveTopology(plan, model, ratio, growth, true, leastImportant(context))
    },
  },
}

/**
 * The round after which the last weights beyond the target go: when the topology freezes, but early enough for one round to
 * be trained and evaluated at the target.
 */
function softEnd(experiment: Experiment): number {
  return Math.max(0, Math.min(topologyEnd(experiment), experiment.rounds - 2))
}

const softlyBound: Schedule = {
  ratioAt: (experiment, round) => steppedRatio(experiment, round, softEnd(experiment)),
  isDue: (experiment, round) =>
    experiment.readjustmentRatio > 0 &&
    round < experiment.rounds - 1 &&
    (round === softEnd(experiment) || (round < softEnd(experiment) && round % experiment.readjustmentInterval === 0)),
}

/** Active weights of every layer at the target sparsity. */
function targetCounts(plan: ModelPlan, experiment: Experiment): readonly number[] {
  return layerTargets(plan.prunable, experiment).active
}

/** The target and the share `ratio` of it more, as far as the layers have room. */
function softCounts(plan: ModelPlan, experiment: Experiment, ratio: number): number[] {
  return targetCounts(plan, experiment).map((count, index) =>
    Math.min(plan.prunable[index].weightCount, count + Math.floor(ratio * count)),
  )
}

/** Drops to the target, the least important first, and grows at random to what `ratio` allows beyond it. */
function dropAndOverfill(context: TopologyContext): TopologyMove {
  const { plan, experiment, round, ratio, model } = context
  const targets = targetCounts(plan, experiment)
  const counts = softCounts(plan, experiment, ratio)
  const drop = leastImportant(context)
  const growth = randomGrowth(experiment.seed, round)
  const mask = model.mask.slice()
  plan.prunable.forEach((layer, index) => {
    const { weightOffset, weightCount, maskOffset } = layer
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const active = positionsOf(bits, 1)
    const weights = model.parameters.subarray(weightOffset, weightOffset + weightCount)
    for (const at of drop(layer, weights, active, active.length - targets[index])) bits[at] = 0
    for (const at of growth(layer, positionsOf(bits, 0), counts[index] - targets[index])) bits[at] = 1
  })
  return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
}

/**
 * MEST with a soft memory bound, EM&S (Yuan et al. 2021): the mask is larger than the target by the share R while it trains;
 * an update first drops to the target and then grows beyond it again, less in steps, and nothing at the end.
 */
export const mestEms: MethodRecipe = {
  ...staticPruning,
  ...scoredTraining(softlyBound, scoring),
  initialMask: {
    targets: (plan, experiment) => ({
      ...layerTargets(plan.prunable, experiment),
      active: softCounts(plan, experiment, firstExcess(experiment)),
    }),
    draw: ({ plan, experiment, active }) => ({ mask: randomMask(plan, active, experiment.seed) }),
  },
  updateTopology: {
    ...softlyBound,
    move: dropAndOverfill,
    activeAfter: (plan, experiment, round) => softCounts(plan, experiment, softlyBound.ratioAt(experiment, round)),
  },
}

/** Too few rounds leave no time to come back to the target. */
function firstExcess(experiment: Experiment): number {
  return experiment.rounds > 1 ? experiment.readjustmentRatio : 0
}
