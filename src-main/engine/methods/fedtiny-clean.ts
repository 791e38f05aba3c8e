import type { ClientWork } from '../federated/client-work'
import { plainTraining } from '../federated/client-work'
import { withGradient } from '../federated/dense-gradient'
import { meanOfSent } from '../federated/aggregation'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { gradientGrowth, moveTopology } from '../sparsity/topology-update'
import { plainWork, withGradientWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/**
 * FedTiny's progressive pruning without its progress (Huang et al. 2023, the "clean" variant of later comparisons): in an
 * update round clients send the dense gradient of a batch; the server drops the smallest weights of every layer and grows
 * where the averaged gradient is largest among the positions that were inactive.
 */
export const fedTinyClean: MethodRecipe = withAveragedGradient(plainTraining)

/** Server-side growth by the clients' averaged dense gradient, after this local training. */
export function withAveragedGradient(training: ClientWork): MethodRecipe {
  return {
    ...staticPruning,
    localTraining: async (context) => {
      const report = await training(context)
      return isUpdateRound(context.experiment, context.round) ? withGradient(context, report) : report
    },
    expectedWork: (context) => {
      const work = plainWork(context)
      return isUpdateRound(context.experiment, context.round) ? withGradientWork(context, work) : work
    },
    updateTopology: {
      ratioAt: readjustmentRatioAt,
      isDue: isUpdateRound,
      move: ({ plan, ratio, model, uploads }) =>
        moveTopology(plan, model, ratio, gradientGrowth(meanOfSent(uploads, 'gradient')), false),
    },
  }
}
