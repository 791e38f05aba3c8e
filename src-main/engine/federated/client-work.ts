import type { Experiment } from '../../contract/experiment'
import { trainingFlops } from '../accounting/flops'
import type { ClientTransfer } from '../accounting/round-cost'
import { activePerLayer } from '../sparsity/masks'
import type { BatchOrder } from '../trainer/batch-order'
import type { ClientTask, DeferredTrainer, LabelledImages, MaskedModel, Trainer } from '../trainer/trainer'
import type { NamedArrays } from './named-arrays'

/**
 * What one client does in a round, beside its trainer on a worker. Everything random must be drawn from named streams, so
 * that the report depends on the context alone.
 */
export type ClientWork = (context: ClientContext) => Promise<ClientReport>

export interface ClientContext {
  /** On this thread or on a device: its answers must be awaited. */
  readonly trainer: Trainer | DeferredTrainer
  readonly experiment: Experiment
  /** −1 before the first round. */
  readonly round: number
  readonly client: number
  readonly train: LabelledImages
  readonly test: LabelledImages
  /** The client's own images, within `train` and within `test`. */
  readonly indices: Uint32Array
  readonly testIndices: Uint32Array
  /** The model it received. */
  readonly model: MaskedModel
  /** What the server sent beside the model. */
  readonly download: NamedArrays
  /** What this client left for itself when it took part last; empty the first time. */
  readonly state: NamedArrays
}

export interface ClientReport {
  /** Parameters after training; null from work that trains nothing. */
  readonly parameters: Float32Array | null
  /** Its mask; null is the one it received, which then does not travel. */
  readonly mask: Uint8Array | null
  /** Optimiser steps taken, and the sum over them of the batch's mean cross-entropy. */
  readonly steps: number
  readonly lossSum: number
  /** What it sends beside its model, and how many bits that takes. */
  readonly sent: NamedArrays
  readonly sentBits: number
  /** What it keeps for the next time it takes part. */
  readonly state: NamedArrays
  /** Theoretical floating-point operations of all it computed. */
  readonly flops: number
  /** What of its transfer differs from the server's model received and the report's own model sent. */
  readonly transfer?: Partial<Pick<ClientTransfer, 'received' | 'receivesMask' | 'sent' | 'sendsMask' | 'sentChange'>>
}

/** Local training as the experiment asks for it, to be changed by a method that splits it or takes its steps itself. */
export function localTask(context: ClientContext): ClientTask {
  const { experiment, round, client, train, indices, model } = context
  return {
    parameters: model.parameters,
    mask: model.mask,
    images: train,
    indices,
    localEpochs: experiment.localEpochs,
    batchSize: experiment.batchSize,
    learningRate: experiment.learningRate,
    momentum: experiment.momentum,
    weightDecay: experiment.weightDecay,
    proximalCoefficient: experiment.proximalCoefficient,
    seed: experiment.seed,
    batchOrderLabel: `batches/${round}/${client}`,
  }
}

/** Local training of the received model under the received mask: the default. `own` is what a method does differently. */
export async function plainTraining(
  context: ClientContext,
  own: Pick<BatchOrder, 'isShuffled'> & Partial<Pick<ClientTask, 'learningRate'>> = {},
): Promise<ClientReport> {
  const { trainer, experiment, indices, model } = context
  const { parameters, steps, lossSum } = await trainer.trainClient({
    ...localTask(context),
    ...own,
    discardsVelocity: true,
  })
  const perImage = trainingFlops(trainer.plan, activePerLayer(trainer.plan, model.mask))
  return {
    parameters,
    mask: null,
    steps,
    lossSum,
    sent: {},
    sentBits: 0,
    state: {},
    flops: indices.length * experiment.localEpochs * perImage,
  }
}
