import type { Experiment } from '../../contract/experiment'
import { contributionMean } from '../federated/contribution'
import { arrayOf } from '../federated/named-arrays'
import { initialParameters } from '../models/initialise'
import { activeOverall } from '../sparsity/distributions'
import { moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { denseStart, prunedMask, prunedTargets, pruningRule, type Remaining } from './gradual'
import { none } from './none'
import type { MethodRecipe, TopologyRule } from './recipe'

/** What of `weights` is left when the share `rate`, rounded up, of what remains is pruned so many times, down to the target. */
export function lotteryRemaining(rate: number, times: number): Remaining {
  return (weights, target) => {
    let left = weights
    for (let turn = 0; turn < times && left > target; turn++) left = Math.max(target, left - Math.ceil(rate * left))
    return left
  }
}

/** Trainings that have ended after `round`; each is as long as the readjustment interval, counted from the rewinding point. */
function trainingsDone({ rewindRound, readjustmentInterval }: Experiment, round: number): number {
  return Math.max(0, Math.floor((round + 1 - rewindRound) / readjustmentInterval))
}

const remainingAfter = (experiment: Experiment, round: number) =>
  lotteryRemaining(experiment.pruningRate, trainingsDone(experiment, round))

/** Prunings that bring a network of this many weights down to S. */
function trainingsNeeded({ pruningRate, sparsity }: Experiment, weights: number, target: number): number {
  if (sparsity === 0) return 0
  let times = 0
  while (lotteryRemaining(pruningRate, times)(weights, target) > target) times++
  return times
}

const rule: TopologyRule = pruningRule(
  (experiment, round) =>
    trainingsDone(experiment, round) > trainingsDone(experiment, round - 1) &&
    round < experiment.rounds - 1 &&
    lotteryRemaining(experiment.pruningRate, trainingsDone(experiment, round - 1))(
      1e9,
      1e9 * (1 - experiment.sparsity),
    ) >
      1e9 * (1 - experiment.sparsity),
  remainingAfter,
)

/**
 * The lottery ticket hypothesis (Frankle & Carbin 2019): a schedule of federated trainings. Each ends with the server pruning
 * a share of what remains by magnitude and setting every other weight and bias back to what it was after `rewindRound`
 * rounds of the first training; the last training goes on until the run ends.
 */
export const lth: MethodRecipe = {
  ...none,
  initialMask: denseStart((plan, experiment) => {
    const targets = prunedTargets(plan, experiment)
    const { rewindRound, readjustmentInterval, rounds, sparsity } = experiment
    const needed = trainingsNeeded(experiment, plan.prunableCount, activeOverall(plan.prunable, sparsity))
    const roundsNeeded = rewindRound + needed * readjustmentInterval + 1
    if (roundsNeeded <= rounds) return targets
    const tooShort = `S = ${sparsity} is not reached: it takes ${needed} prunings, so at least ${roundsNeeded} rounds; raise the rounds or the pruning rate, or shorten the interval`
    return { ...targets, warnings: [...targets.warnings, tooShort] }
  }),
  aggregate: (context) => {
    const mean = contributionMean(context)
    if (context.round !== context.experiment.rewindRound - 1) return mean
    return { ...mean, state: { ...(mean.state ?? context.state), rewind: mean.parameters } }
  },
  updateTopology: {
    ...rule,
    move: ({ plan, experiment, round, model, state }) => {
      const mask = prunedMask(plan, experiment, model, remainingAfter(experiment, round))
      const start =
        experiment.rewindRound === 0 ? initialParameters(plan, experiment.seed) : arrayOf(state, 'rewind', Float32Array)
      return {
        ...moveToMask(plan, model, mask),
        parameters: applyMask(plan, start, mask),
        requestedActive: activePerLayer(plan, mask),
        restored: { scope: 'all', parameters: start },
      }
    },
  },
}
