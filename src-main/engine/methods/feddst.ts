import type { Experiment } from '../../contract/experiment'
import { denseGradientFlops, trainingFlops } from '../accounting/flops'
import { localTask, plainTraining, type ClientContext, type ClientReport } from '../federated/client-work'
import { gradientImages, prunablePart } from '../federated/dense-gradient'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { largestPerLayer, magnitudes } from '../sparsity/keep-largest'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { gradientGrowth, moveTopology, unmoved } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'
import { stepsPerEpoch } from '../trainer/batch-order'
import { plainWork } from './expected-work'
import type { MethodRecipe, UploadContext } from './recipe'
import { staticPruning } from './static'

/**
 * FedDST as its paper describes it (Bibikar et al. 2022): in an update round every client drops and grows by itself, trains
 * its new mask for the epochs that are left, and sends both. The server averages each weight over the clients that have it
 * and brings every layer back to its count by magnitude. Weights grow where the gradient of the plain loss is largest among
 * inactive positions, by the decayed ratio.
 */
export const fedDst: MethodRecipe = {
  ...staticPruning,
  localTraining: (context) =>
    isUpdateRound(context.experiment, context.round) ? trainAndReadjust(context, rigL) : plainTraining(context),
  expectedWork: (context) => {
    const { plan, experiment, round, active, images } = context
    const work = plainWork(context)
    if (!isUpdateRound(experiment, round)) return work
    return {
      ...work,
      sendsMask: true,
      flops: work.flops + gradientImages(experiment, images) * denseGradientFlops(plan, active),
    }
  },
  resparsify: largestOfUnion,
  updateTopology: {
    ratioAt: readjustmentRatioAt,
    isDue: isUpdateRound,
    move: ({ plan, model }) => unmoved(plan, model),
  },
}

/** Brings the union of the clients' masks back to the count of every layer, by magnitude. */
function largestOfUnion({ plan, requestedActive, model }: UploadContext & { model: MaskedModel }): MaskedModel {
  const mask = largestPerLayer(plan, magnitudes(plan, model.parameters), requestedActive, model.mask)
  return { mask, parameters: applyMask(plan, model.parameters, mask) }
}

/** Moves a client's topology by the model it has trained so far and the dense gradient of a batch, in the order of the mask. */
type ClientMove = (context: ClientContext, trained: MaskedModel, gradient: Float32Array) => MaskedModel

const rigL: ClientMove = ({ trainer, experiment, round }, trained, gradient) =>
  moveTopology(trainer.plan, trained, readjustmentRatioAt(experiment, round), gradientGrowth(gradient))

/** Epochs trained with the new mask; those before it come to the rest. */
function epochsAfter({ localEpochs, epochsAfterGrowth }: Experiment): number {
  return Math.min(localEpochs, epochsAfterGrowth)
}

/** Trains, moves the topology, and trains the rest of the epochs with the new mask. */
export async function trainAndReadjust(context: ClientContext, move: ClientMove): Promise<ClientReport> {
  const { trainer, experiment, round, client, train, indices, model } = context
  const { plan } = trainer
  const task = localTask(context)
  const perEpoch = stepsPerEpoch(task)
  const stepsBefore = (experiment.localEpochs - epochsAfter(experiment)) * perEpoch
  const before = await trainer.trainClient({ ...task, stepRange: { first: 0, count: stepsBefore } })

  const batch = drawWithoutReplacement(
    namedStream(experiment.seed, `gradient/${round}/${client}`),
    indices.slice(),
    gradientImages(experiment, indices.length),
  )
  const trained = { parameters: before.parameters, mask: model.mask }
  const { gradient } = await trainer.gradient(trained, train, batch)
  const { parameters, mask } = move(context, trained, prunablePart(plan, gradient))

  const after = await trainer.trainClient({
    ...task,
    parameters,
    mask,
    // Masked weights have no momentum, so grown ones start without.
    velocity: before.velocity,
    anchor: model.parameters,
    stepRange: { first: stepsBefore, count: epochsAfter(experiment) * perEpoch },
  })
  const active = activePerLayer(plan, mask)
  return {
    parameters: after.parameters,
    mask,
    steps: before.steps + after.steps,
    lossSum: before.lossSum + after.lossSum,
    sent: {},
    sentBits: 0,
    state: {},
    flops:
      indices.length * experiment.localEpochs * trainingFlops(plan, active) +
      batch.length * denseGradientFlops(plan, active),
  }
}
