import type { Experiment } from '../../contract/experiment'
import { meanOfSent } from '../federated/aggregation'
import { plainTraining } from '../federated/client-work'
import { withGradient } from '../federated/dense-gradient'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { gradientGrowth, moveTopology, randomGrowth } from '../sparsity/topology-update'
import { plainWork, withGradientWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/**
 * Dynamic pruning: starts as static pruning does; after every readjustment interval the server drops the weights of
 * smallest magnitude and grows as many, at random (SET) or where the clients' mean dense gradient is largest (RigL).
 */
export const dynamic: MethodRecipe = {
  ...staticPruning,
  localTraining: async (context) => {
    const report = await plainTraining(context)
    return needsGradient(context.experiment, context.round) ? withGradient(context, report) : report
  },
  expectedWork: (context) => {
    const work = plainWork(context)
    return needsGradient(context.experiment, context.round) ? withGradientWork(context, work) : work
  },
  updateTopology: {
    ratioAt: readjustmentRatioAt,
    isDue: isUpdateRound,
    move: ({ plan, experiment, round, ratio, model, uploads }) => {
      const growth =
        experiment.growthCriterion === 'random'
          ? randomGrowth(experiment.seed, round)
          : gradientGrowth(meanOfSent(uploads, 'gradient'))
      return moveTopology(plan, model, ratio, growth)
    },
  },
}

function needsGradient(experiment: Experiment, round: number): boolean {
  return experiment.growthCriterion === 'gradient' && isUpdateRound(experiment, round)
}
