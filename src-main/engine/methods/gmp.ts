import type { Experiment } from '../../contract/experiment'
import { denseRounds, denseStart, prunedTargets, pruningRule, rampShare } from './gradual'
import { none } from './none'
import type { MethodRecipe } from './recipe'

const shareBefore = (experiment: Experiment, round: number) =>
  rampShare(experiment, round, denseRounds(experiment, 1 / 4))

/**
 * Gradual magnitude pruning (Zhu & Gupta 2017): after some dense rounds the server prunes the averaged model by magnitude
 * after every readjustment interval, first much and then ever less, until the topology freezes at S. Within the mask only:
 * what is pruned does not come back.
 */
export const gmp: MethodRecipe = {
  ...none,
  initialMask: denseStart(prunedTargets),
  updateTopology: pruningRule(
    (experiment, round) => shareBefore(experiment, round) > (round === 0 ? 0 : shareBefore(experiment, round - 1)),
    (experiment, round) => (weights, target) =>
      weights - Math.floor(shareBefore(experiment, round) * (weights - target)),
  ),
}
