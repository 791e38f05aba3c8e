import type { Experiment } from '../../contract/experiment'
import { gradientBits } from '../accounting/communication'
import { denseForwardFlops } from '../accounting/flops'
import { clientCost, roundCost } from '../accounting/round-cost'
import { weightedMean } from '../federated/aggregation'
import type { ClientWork } from '../federated/client-work'
import { prunablePart } from '../federated/dense-gradient'
import { arrayOf } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import { distributeSparsity } from '../sparsity/distributions'
import { largestOverall } from '../sparsity/keep-largest'
import { activePerLayer } from '../sparsity/masks'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** A client's |w ⊙ g| at the initial weights, g its mean gradient over all its images. */
const saliency: ClientWork = async ({ trainer, train, indices, model }) => {
  const { plan } = trainer
  const { gradient } = await trainer.gradient(model, train, indices)
  const scores = prunablePart(
    plan,
    gradient.map((value, at) => Math.abs(value * model.parameters[at])),
  )
  return {
    parameters: null,
    mask: null,
    steps: 0,
    lossSum: 0,
    sent: { scores },
    sentBits: gradientBits(plan),
    state: {},
    flops: 3 * denseForwardFlops(plan) * indices.length,
  }
}

/**
 * SSFL (Ohib et al. 2024): before round 0 every client sends the saliency |w ⊙ g| of all weights once; the server averages
 * by images and keeps the largest over all layers. The mask then stays.
 */
export const ssfl: MethodRecipe = {
  ...staticPruning,
  initialMask: {
    targets: (plan, { sparsity }) => distributeSparsity(plan.prunable, sparsity, 'uniform'),
    draw: async ({ plan, experiment, initial, clientImages, ask }) => {
      const clients = owners(clientImages)
      const model = { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
      const reports = await ask({ work: 'saliency', clients, model })
      const scores = weightedMean(
        reports.map(({ sent }) => arrayOf(sent, 'scores', Float32Array)),
        clients.map((client) => clientImages[client]),
      )
      const mask = largestOverall(plan, scores, activeCount(plan, experiment), model.mask)
      return { mask, active: activePerLayer(plan, mask) }
    },
    expectedScoring: (plan, _experiment, clientImages) =>
      roundCost(
        owners(clientImages).map((client) =>
          clientCost(plan, {
            received: plan.prunable.map(({ weightCount }) => weightCount),
            receivesMask: true,
            receivedBits: 0,
            sent: null,
            sendsMask: false,
            sentBits: gradientBits(plan),
            flops: 3 * denseForwardFlops(plan) * clientImages[client],
          }),
        ),
      ),
  },
  otherWork: { saliency },
}

function owners(clientImages: readonly number[]): number[] {
  return clientImages.flatMap((images, client) => (images > 0 ? [client] : []))
}

function activeCount(plan: ModelPlan, { sparsity }: Experiment): number {
  return Math.max(plan.prunable.length, plan.prunableCount - Math.floor(sparsity * plan.prunableCount))
}
