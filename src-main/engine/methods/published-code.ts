import type { Experiment } from '../../contract/experiment'
import { untouchedWarning } from '../sparsity/distributions'
import { feddstCounts } from '../sparsity/feddst-distribution'
import { pruneAllPositions } from '../sparsity/feddst-pruning'
import type { ModelPlan } from '../models/plan'
import type { InitialMask, MethodRecipe } from './recipe'

/** What FedDST's published code and the code that grew from it have in common. */

/** Both networks end in a softmax that the loss does not know of. */
export const withSoftmax: MethodRecipe['narrowModel'] = (full) => ({
  plan: { ...full, endsInSoftmax: true },
  unusedBudget: null,
})

/** The initial weights of largest magnitude, counted as that code counts. */
export const magnitudeOfInitialWeights: InitialMask = {
  targets: (plan, experiment) => ({
    active: countsOf(plan, experiment, experiment.sparsity).map(
      (keep, index) => keep ?? plan.prunable[index].weightCount,
    ),
    epsilon: null,
    warnings: plan.prunable.flatMap(({ name }, index) =>
      countsOf(plan, experiment, experiment.sparsity)[index] === null ? [untouchedWarning(name)] : [],
    ),
  }),
  draw: ({ plan, experiment, initial }) => {
    const dense = { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
    return { mask: pruneAllPositions(plan, dense, countsOf(plan, experiment, experiment.sparsity)).mask }
  },
}

/** Weights that each layer keeps at a sparsity. */
export function countsOf(plan: ModelPlan, { layerDistribution }: Experiment, sparsity: number): (number | null)[] {
  // Its "erk" is `erk-feddst`; SET's ε form, which it does not know, is refused before.
  const own = layerDistribution === 'uniform' || layerDistribution === 'er' ? layerDistribution : 'erk'
  return feddstCounts(plan.prunable, sparsity, own)
}
