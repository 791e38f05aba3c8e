import { topologyEnd, type Experiment } from '../../contract/experiment'
import { denseGradientFlops, trainingFlops } from '../accounting/flops'
import { maskedMean } from '../federated/aggregation'
import { localTask, type ClientContext, type ClientReport } from '../federated/client-work'
import { namedStream } from '../random/streams'
import { growAllPositions, pruneAllPositions } from '../sparsity/feddst-pruning'
import { activePerLayer, countActive } from '../sparsity/masks'
import { unmoved } from '../sparsity/topology-update'
import { stepsPerEpoch } from '../trainer/batch-order'
import { countsOf, magnitudeOfInitialWeights, withSoftmax } from './published-code'
import type { MethodRecipe } from './recipe'

/**
 * FedDST as its published code executes it (bibikar/feddst, dst.py), quirks included: the client moves its topology after an
 * epoch with the *undecayed* ratio, the decay only gates; growth ranks all positions by gradient and zeroes what it chooses;
 * batches are never shuffled; clients are drawn with replacement and weigh twice their number of batches; the network ends in
 * a softmax before the loss takes its own. One thing differs: momentum that the code leaves on masked weights is dropped,
 * which matters only where epochs follow the adjustment.
 */
export const feddstOfficial: MethodRecipe = {
  narrowModel: withSoftmax,
  initialMask: magnitudeOfInitialWeights,
  sampleClients: (experiment, round, clientImages) => {
    const owners = clientImages.flatMap((images, client) => (images > 0 ? [client] : []))
    const stream = namedStream(experiment.seed, `clients/${round}`)
    return Array.from({ length: experiment.clientsPerRound }, () => owners[stream.integer(owners.length)])
  },
  localTraining: trainAndAdjust,
  expectedWork: ({ plan, experiment, round, active, images }) => {
    // Which epochs adjust depends on how often a client took part; the usual settings adjust once in a round.
    const adjusts = readjusts(experiment, round)
    const gradientImages = adjusts ? lastBatchLength(images, experiment.batchSize) : 0
    return {
      receivedBits: 0,
      sent: active,
      sendsMask: adjusts,
      sentBits: 0,
      flops:
        images * experiment.localEpochs * trainingFlops(plan, active) +
        gradientImages * denseGradientFlops(plan, active),
    }
  },
  aggregate: ({ plan, experiment, uploads }) =>
    maskedMean({
      plan,
      // `train_size` adds up the lengths of (images, labels) pairs: two for every batch.
      uploads: uploads.map((upload) => ({ ...upload, samples: 2 * Math.ceil(upload.samples / experiment.batchSize) })),
    }),
  resparsify: ({ plan, experiment, model }) => {
    const sparsity = 1 - countActive(model.mask) / plan.prunableCount
    if (sparsity >= experiment.sparsity) return model
    return pruneAllPositions(plan, model, countsOf(plan, experiment, experiment.sparsity))
  },
  updateTopology: {
    ratioAt: (experiment, round) => (isOpen(experiment, round) ? experiment.readjustmentRatio : 0),
    isDue: readjusts,
    // The clients have moved it; the server only notes how many weights that left.
    move: ({ plan, model }) => ({ ...unmoved(plan, model), requestedActive: activePerLayer(plan, model.mask) }),
  },
  accounting: (cost, { plan, round, transfer }) => {
    const values = 32 * (plan.parameterCount - plan.prunableCount)
    const sent = total(transfer.sent ?? [])
    // The values of round 0 are free, as if sent as a random seed; a mask costs one bit for each *active* weight.
    const model = round === 0 ? 0 : 32 * total(transfer.received) + values
    return {
      ...cost,
      downloadBits: model + (transfer.receivesMask ? plan.prunableCount : 0),
      uploadBits: 32 * sent + values + (transfer.sendsMask ? sent : 0),
    }
  },
}

/** Whether clients adjust their masks in this round: 1, 1 + ΔT, 1 + 2ΔT, … */
function readjusts(experiment: Experiment, round: number): boolean {
  return modulo(round - 1, experiment.readjustmentInterval) === 0 && isOpen(experiment, round)
}

/** The gate that the decay is reduced to; a constant ratio never closes it. */
function isOpen(experiment: Experiment, round: number): boolean {
  const end = experiment.rateDecayEnd === null ? Math.floor(experiment.rounds / 2) : topologyEnd(experiment)
  return experiment.readjustmentRatio > 0 && (experiment.rateDecayMethod === 'constant' || round < end)
}

async function trainAndAdjust(context: ClientContext): Promise<ClientReport> {
  const { trainer, experiment, round, train, indices } = context
  const { plan } = trainer
  const { localEpochs, batchSize, pruningBegin, pruningInterval, sparsity, readjustmentRatio } = experiment
  const task = { ...localTask(context), isShuffled: false }
  const perEpoch = stepsPerEpoch(task)
  const epochsBefore = 'epochs' in context.state ? context.state['epochs'][0] : 0
  const adjustsAfter = (epoch: number) =>
    readjusts(experiment, round) && modulo(epochsBefore + epoch - pruningBegin, pruningInterval) === 0

  let model = context.model
  let mask: Uint8Array | null = null
  let velocity: Float32Array | undefined
  let steps = 0
  let lossSum = 0
  let flops = 0
  let from = 0
  for (let epoch = 0; epoch < localEpochs; epoch++) {
    const adjusts = adjustsAfter(epoch)
    if (!adjusts && epoch < localEpochs - 1) continue
    const result = await trainer.trainClient({
      ...task,
      ...model,
      ...(velocity === undefined ? {} : { velocity }),
      anchor: context.model.parameters,
      stepRange: { first: from * perEpoch, count: (epoch + 1 - from) * perEpoch },
    })
    const active = activePerLayer(plan, model.mask)
    flops += (epoch + 1 - from) * indices.length * trainingFlops(plan, active)
    from = epoch + 1
    velocity = result.velocity
    steps += result.steps
    lossSum += result.lossSum
    model = { parameters: result.parameters, mask: model.mask }
    if (!adjusts) continue
    const lastBatch = indices.subarray(indices.length - lastBatchLength(indices.length, batchSize))
    const { gradient } = await trainer.gradient(model, train, lastBatch)
    flops += lastBatch.length * denseGradientFlops(plan, active)
    const fewer = countsOf(plan, experiment, sparsity + (1 - sparsity) * readjustmentRatio)
    const pruned = pruneAllPositions(plan, model, fewer)
    model = growAllPositions(plan, pruned, countsOf(plan, experiment, sparsity), gradient)
    mask = model.mask
  }
  const state = { epochs: Int32Array.of(epochsBefore + localEpochs) }
  return { parameters: model.parameters, mask, steps, lossSum, sent: {}, sentBits: 0, state, flops }
}

function lastBatchLength(images: number, batchSize: number): number {
  return images - Math.floor((images - 1) / batchSize) * batchSize
}

/** Never negative, as Python's. */
function modulo(value: number, divisor: number): number {
  return ((value % divisor) + divisor) % divisor
}

function total(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
