import { trainingFlops, forwardFlops } from '../accounting/flops'
import { maskedMean } from '../federated/aggregation'
import { localTask, type ClientReport, type ClientWork } from '../federated/client-work'
import { arrayOf, type NamedArrays } from '../federated/named-arrays'
import { initialParameters } from '../models/initialise'
import type { ModelPlan } from '../models/plan'
import { excludedLayers, overallTargets } from '../sparsity/distributions'
import { changedPerLayer } from '../sparsity/exploration'
import { largestPerLayer, magnitudes } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, countActive } from '../sparsity/masks'
import { denseStart } from './gradual'
import { none } from './none'
import type { MethodRecipe } from './recipe'

function ownMask(plan: ModelPlan, state: NamedArrays): Uint8Array {
  return 'mask' in state ? arrayOf(state, 'mask', Uint8Array) : new Uint8Array(plan.prunableCount).fill(1)
}

/** All but the share `rate` of smallest magnitude in every layer, at least one; all of the layers in `alwaysDense`. */
export function keptAfterPruning(
  plan: ModelPlan,
  parameters: Float32Array,
  mask: Uint8Array,
  rate: number,
  alwaysDense: readonly string[] = [],
): Uint8Array {
  const counts = activePerLayer(plan, mask).map((active, index) =>
    alwaysDense.includes(plan.prunable[index].name) ? active : Math.max(1, active - Math.floor(rate * active)),
  )
  return largestPerLayer(plan, magnitudes(plan, parameters), counts, mask)
}

const trainTicket: ClientWork = async (context): Promise<ClientReport> => {
  const { trainer, experiment, train, indices, model, state } = context
  const { plan } = trainer
  const before = ownMask(plan, state)
  const received = applyMask(plan, model.parameters, before)
  const { correct } = await trainer.evaluate({ parameters: received, mask: before }, train, indices)
  const accuracy = correct.reduce((hits, hit) => hits + hit, 0) / correct.length
  const remaining = countActive(before) / plan.prunableCount
  const prunes = accuracy > experiment.accuracyThreshold && remaining > 1 - experiment.sparsity
  const excluded = excludedLayers(plan.prunable, experiment)
  const mask = prunes ? keptAfterPruning(plan, received, before, experiment.pruningRate, excluded) : before
  // A client that prunes goes back to the initial weights, which it derives from the seed.
  const parameters = prunes ? applyMask(plan, initialParameters(plan, experiment.seed), mask) : received
  const trained = await trainer.trainClient({ ...localTask(context), parameters, mask })
  return {
    parameters: trained.parameters,
    mask,
    steps: trained.steps,
    lossSum: trained.lossSum,
    sent: {},
    sentBits: 0,
    state: { mask },
    // The server knows the client's last mask.
    transfer: {
      received: activePerLayer(plan, before),
      receivesMask: false,
      sendsMask: prunes,
      sentChange: changedPerLayer(plan, before, mask),
    },
    flops:
      indices.length *
      (experiment.localEpochs * trainingFlops(plan, activePerLayer(plan, mask)) +
        forwardFlops(plan, activePerLayer(plan, before))),
  }
}

/**
 * LotteryFL (Li et al. 2021): every client has a mask of its own. It receives the global weights under it; when they reach
 * the accuracy threshold on its own training images and it is still denser than the target, it prunes a share of its
 * weights in every layer, goes back to the initial weights and trains. The server averages each weight over the clients that
 * have it and keeps the others. Clients are evaluated with their own models.
 */
export const lotteryFl: MethodRecipe = {
  ...none,
  initialMask: denseStart((plan, experiment) => overallTargets(plan.prunable, experiment)),
  localTraining: trainTicket,
  aggregate: ({ plan, uploads, received }) => {
    const mean = maskedMean({ plan, uploads })
    const parameters = mean.parameters.slice()
    for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
      for (let at = 0; at < weightCount; at++) {
        if (mean.mask[maskOffset + at] === 0) parameters[weightOffset + at] = received.parameters[weightOffset + at]
      }
    }
    return { parameters, mask: received.mask }
  },
  ownModel: ({ plan, model, clientState }) => {
    const mask = ownMask(plan, clientState)
    return { parameters: applyMask(plan, model.parameters, mask), mask }
  },
}
