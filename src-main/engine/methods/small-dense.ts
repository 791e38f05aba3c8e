import { smallDense as narrowed } from '../models/small-dense'
import { layerTargets } from '../sparsity/distributions'
import type { MethodRecipe } from './recipe'
import { none } from './none'

/**
 * The small dense control: a narrower dense network within the parameter budget of the sparse one, that is its active
 * weights and its biases.
 */
export const smallDense: MethodRecipe = {
  ...none,
  narrowModel: (full, { experiment, inputShape, classes }) => {
    const { active } = layerTargets(full.prunable, experiment)
    const activeWeights = active.reduce((sum, count) => sum + count, 0)
    const biases = full.parameterCount - full.prunableCount
    return narrowed(experiment.model, inputShape, classes, activeWeights + biases)
  },
}
