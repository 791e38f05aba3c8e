import { buildPlan } from '../engine/models/build-plan'
import { initialParameters } from '../engine/models/initialise'
import { namedStream } from '../engine/random/streams'
import { createSparseTrainer, type SparseKernels } from '../engine/trainer/sparse/sparse-trainer'
import type { LabelledImages } from '../engine/trainer/trainer'

/**
 * Whether both kernels give the same bits in one small computation that visits every kernel: two steps of FedDST's MNIST
 * network at half density with a batch that fills no vector, then evaluation and dense gradient of the result.
 */
export function giveSameBits(one: SparseKernels, other: SparseKernels): boolean {
  return Buffer.compare(computation(one), computation(other)) === 0
}

function computation(kernels: SparseKernels): Uint8Array {
  const plan = buildPlan('feddst-cnn', [1, 28, 28], 10)
  const stream = namedStream(1, 'kernel-check')
  const count = 13
  const images: LabelledImages = {
    pixels: Uint8Array.from({ length: count * 28 * 28 }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integer(10)),
    count,
    shape: plan.inputShape,
    mean: [0.5],
    deviation: [0.25],
  }
  const mask = Uint8Array.from({ length: plan.prunableCount }, () => stream.integer(2))
  const indices = Uint32Array.from({ length: count }, (_, index) => index)
  const trainer = createSparseTrainer(plan, kernels)
  const trained = trainer.trainClient({
    parameters: initialParameters(plan, 1),
    mask,
    images,
    indices,
    localEpochs: 1,
    batchSize: 10,
    learningRate: 0.01,
    momentum: 0.9,
    weightDecay: 0.001,
    proximalCoefficient: 0.1,
    seed: 1,
    batchOrderLabel: 'kernel-check',
  })
  const model = { parameters: trained.parameters, mask }
  const evaluation = trainer.evaluate(model, images, indices)
  const { gradient } = trainer.gradient(model, images, indices)
  trainer.dispose()
  const losses = Float64Array.of(trained.lossSum, evaluation.lossSum)
  return Buffer.concat(
    [trained.parameters, gradient, losses]
      .map((part) => Buffer.from(part.buffer))
      .concat(Buffer.from(evaluation.correct)),
  )
}
