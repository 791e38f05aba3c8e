import { maskedMean } from '../federated/aggregation'
import { distributeSparsity } from '../sparsity/distributions'
import { randomMask } from '../sparsity/masks'
import type { MethodRecipe } from './recipe'

/** Static pruning: a random mask, drawn before round 0 and never moved. */
export const staticPruning: MethodRecipe = {
  narrowModel: null,
  initialMask: {
    targets: (plan, { sparsity, layerDistribution }) => distributeSparsity(plan.prunable, sparsity, layerDistribution),
    draw: randomMask,
  },
  beforeUpload: null,
  aggregate: maskedMean,
  updateTopology: null,
}
