import { contributionMean } from '../federated/contribution'
import { layerTargets } from '../sparsity/distributions'
import { randomMask } from '../sparsity/masks'
import type { MethodRecipe } from './recipe'

/** Static pruning: a random mask, drawn before round 0 and never moved. */
export const staticPruning: MethodRecipe = {
  narrowModel: null,
  initialMask: {
    targets: (plan, experiment) => layerTargets(plan.prunable, experiment),
    draw: ({ plan, active, experiment }) => ({ mask: randomMask(plan, active, experiment.seed) }),
  },
  aggregate: contributionMean,
  updateTopology: null,
}
