import { formatOf, gradientBits } from '../accounting/communication'
import { denseForwardFlops } from '../accounting/flops'
import { clientCost, roundCost } from '../accounting/round-cost'
import { weightedMean } from '../federated/aggregation'
import type { ClientWork } from '../federated/client-work'
import { prunablePart } from '../federated/dense-gradient'
import { arrayOf } from '../federated/named-arrays'
import { overallTargets } from '../sparsity/distributions'
import type { MethodRecipe } from './recipe'
import { firstMask, keepOverall, scoresReport, scoringClients } from './scoring'
import { staticPruning } from './static'

/** A client's |w ⊙ g| at the initial weights, g its mean gradient over all its images. */
const saliency: ClientWork = async ({ trainer, train, indices, model }) => {
  const { plan } = trainer
  const { gradient } = await trainer.gradient(model, train, indices)
  const scores = prunablePart(
    plan,
    gradient.map((value, at) => Math.abs(value * model.parameters[at])),
  )
  return scoresReport(scores, plan.prunableCount, 3 * denseForwardFlops(plan) * indices.length)
}

/**
 * SSFL (Ohib et al. 2024): before round 0 every client sends the saliency |w ⊙ g| of all weights once; the server averages
 * by images and keeps the largest over all layers. The mask then stays.
 */
export const ssfl: MethodRecipe = {
  ...staticPruning,
  initialMask: {
    targets: (plan, experiment) => overallTargets(plan.prunable, experiment),
    draw: async ({ plan, experiment, initial, clientImages, ask }) => {
      const clients = scoringClients(clientImages)
      const model = { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
      const reports = await ask({ work: 'saliency', clients, model })
      const scores = weightedMean(
        reports.map(({ sent }) => arrayOf(sent, 'scores', Float32Array)),
        clients.map((client) => clientImages[client]),
      )
      return firstMask(plan, keepOverall({ plan, experiment }, scores, model.mask))
    },
    expectedScoring: (plan, experiment, clientImages) =>
      roundCost(
        scoringClients(clientImages).map((client) =>
          clientCost(
            plan,
            {
              received: plan.prunable.map(({ weightCount }) => weightCount),
              receivesMask: true,
              receivedBits: 0,
              sent: null,
              sendsMask: false,
              sentBits: gradientBits(plan),
              flops: 3 * denseForwardFlops(plan) * clientImages[client],
            },
            formatOf(experiment),
          ),
        ),
      ),
  },
  otherWork: { saliency },
}
