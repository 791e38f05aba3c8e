import type { Experiment } from '../../contract/experiment'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { gradientGrowth, moveTopology, randomGrowth, type Growth } from '../sparsity/topology-update'
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
      moveTopology(plan, model, ratio, growthFor(experiment, round, gradient)),
  },
}

function growthFor(experiment: Experiment, round: number, gradient: Float32Array | null): Growth {
  if (experiment.growthCriterion === 'random') return randomGrowth(experiment.seed, round)
  if (gradient === null) throw new Error('the clients sent no gradient to grow by')
  return gradientGrowth(gradient)
}
