import { giveWay } from '../federated/give-way'
import { activeOverall } from '../sparsity/distributions'
import { applyMask } from '../sparsity/masks'
import { synapticFlow } from '../sparsity/synaptic-flow'
import { exponentialCounts } from './force'
import { denseModel, firstMask, keepOverall, scoredMask } from './scoring'

/** Steps of the paper. */
const defaultSteps = 100

/**
 * SynFlow (Tanaka et al. 2020): |θ·∂R/∂θ| for the sum R of the outputs of the network of absolute parameters on an input of
 * ones. It looks at no image, so the server computes it from the initial weights, and clients are asked nothing. In
 * `scoringSteps` steps the density falls to its target in equal ratios; what is pruned has score 0 from then on.
 */
export const synFlow = scoredMask(async (context) => {
  const { plan, experiment, initial } = context
  let { mask } = denseModel(context)
  const kept = activeOverall(plan.prunable, experiment.sparsity)
  for (const count of exponentialCounts(plan.prunableCount, kept, experiment.scoringSteps ?? defaultSteps)) {
    const { scores } = synapticFlow(plan, applyMask(plan, initial, mask))
    // Scaled, so that they keep their order as 32-bit floats.
    const largest = scores.reduce((most, score) => Math.max(most, score), Number.MIN_VALUE)
    mask = keepOverall(
      context,
      Float32Array.from(scores, (score) => score / largest),
      mask,
      count,
    )
    await giveWay()
  }
  return firstMask(plan, mask)
})
