import { topologyEnd, type Experiment } from '../../contract/experiment'
import { plainTraining } from '../federated/client-work'
import { exponentialCounts } from './force'
import { denseRounds, denseStart, prunedTargets, pruningRule } from './gradual'
import { none } from './none'
import type { MethodRecipe } from './recipe'

/** The rounds after which the server prunes, in order. */
type Schedule = (experiment: Experiment) => readonly number[]

const once: Schedule = (experiment) => [denseRounds(experiment, 1 / 2) - 1]

const repeatedly: Schedule = (experiment) => {
  const rounds: number[] = []
  for (
    let round = denseRounds(experiment, 1 / 4) - 1;
    rounds.length === 0 || round < topologyEnd(experiment);
    round += experiment.readjustmentInterval
  ) {
    rounds.push(round)
  }
  return rounds
}

/** Trains densely, prunes by magnitude, goes on training what is left at a smaller learning rate. */
function trainPruneRetrain(schedule: Schedule): MethodRecipe {
  return {
    ...none,
    initialMask: denseStart(prunedTargets),
    localTraining: (context) => {
      const { experiment, round } = context
      if (round <= schedule(experiment)[0]) return plainTraining(context)
      return plainTraining(context, { learningRate: experiment.learningRate * experiment.retrainingFactor })
    },
    updateTopology: pruningRule(
      (experiment, round) => schedule(experiment).includes(round),
      (experiment, round) => {
        const rounds = schedule(experiment)
        const done = rounds.filter((pruned) => pruned <= round).length
        return (weights, target) => [weights, ...exponentialCounts(weights, target, rounds.length)][done]
      },
    ),
  }
}

/** Magnitude pruning after training (Han et al. 2015), all at once. */
export const magnitudeOneShot = trainPruneRetrain(once)

/** The same in several steps, each of which leaves the same share of what remains. */
export const magnitudeIterative = trainPruneRetrain(repeatedly)
