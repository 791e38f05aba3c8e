import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { gradientGrowth, moveTopology, randomGrowth } from '../sparsity/topology-update'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/**
 * Dynamic pruning: starts as static pruning does; after every readjustment interval the server drops the weights of
 * smallest magnitude and grows as many, at random (SET) or where the clients' mean dense gradient is largest (RigL).
 */
export const dynamic: MethodRecipe = {
  ...staticPruning,
  beforeUpload: (experiment, round) => ({
    denseGradient: experiment.growthCriterion === 'gradient' && isUpdateRound(experiment, round),
  }),
  updateTopology: {
    ratioAt: readjustmentRatioAt,
    isDue: isUpdateRound,
    move: ({ plan, experiment, round, ratio, model, gradient }) =>
      moveTopology(
        plan,
        model,
        ratio,
        gradient === null ? randomGrowth(experiment.seed, round) : gradientGrowth(gradient),
      ),
  },
}
