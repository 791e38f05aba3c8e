import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../src-main/engine/models/build-plan'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { createSparseTrainer, type SparseKernels } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { everyImage, randomImages, randomModel } from './describe-trainer'
import { nativeKernels, wasmKernels } from './sparse-kernels'
import { tinyPlan } from './tiny-plans'

const plans: Record<string, ModelPlan> = {
  "FedDST's MNIST network": buildPlan('feddst-cnn', [1, 28, 28], 10),
  "FedDST's CIFAR-10 network": buildPlan('feddst-cnn', [3, 32, 32], 10),
  'LeNet-5 of Caffe': buildPlan('lenet-5-caffe', [1, 28, 28], 10),
  'LeNet-300-100 that ends in a softmax': {
    ...buildPlan('lenet-300-100', [1, 28, 28], 10),
    endsInSoftmax: true,
  },
  'LeNet-300-100': buildPlan('lenet-300-100', [1, 28, 28], 10),
  'strides, padding and uneven pooling': tinyPlan(
    [2, 17, 16],
    [
      { kind: 'convolution', channels: 5, kernel: [3, 2], padding: 2 },
      { kind: 'relu' },
      { kind: 'max-pooling', window: 3, stride: 2 },
      { kind: 'convolution', channels: 6, kernel: [3, 3], stride: 2, padding: 1 },
      { kind: 'max-pooling', window: 2, stride: 1 },
      { kind: 'relu' },
      { kind: 'flatten' },
      { kind: 'dense', outputs: 9 },
      { kind: 'relu' },
      { kind: 'dense', outputs: 5 },
    ],
  ),
}

/** Every number that a trainer gives for one model, as bytes. */
function bitsOf(kernels: SparseKernels, plan: ModelPlan, sparsity: number, batchSize: number): Record<string, Buffer> {
  const trainer = createSparseTrainer(plan, kernels)
  const images = randomImages(plan, 45, `${plan.name}/${sparsity}`)
  const model = randomModel(plan, 1 - sparsity, `${plan.name}/${sparsity}`)
  // The uniform weights of the helper are for tiny networks; these keep activations of a large one in range.
  for (const layer of plan.prunable) {
    const weights = model.parameters.subarray(layer.weightOffset, layer.weightOffset + layer.weightCount)
    const scale = 4 / Math.sqrt(layer.weightCount / layer.biasCount)
    weights.forEach((value, index) => (weights[index] = value * scale))
  }
  const indices = everyImage(43)
  const trained = trainer.trainClient({
    ...model,
    images,
    indices,
    localEpochs: 2,
    batchSize,
    learningRate: 0.02,
    momentum: 0.9,
    weightDecay: 0.001,
    proximalCoefficient: 0.05,
    seed: 3,
    batchOrderLabel: 'same-bits',
  })
  const after = { parameters: trained.parameters, mask: model.mask }
  const evaluation = trainer.evaluate(after, images, everyImage(45))
  const { loss, gradient } = trainer.gradient(after, images, indices)
  trainer.dispose()
  expect(trained.parameters.every(Number.isFinite)).toBe(true)
  expect(trained.parameters).not.toEqual(model.parameters)
  expect(gradient.some((value) => value !== 0)).toBe(true)
  const bytes = (values: Float32Array | Float64Array) => Buffer.from(values.buffer)
  return {
    parameters: bytes(trained.parameters),
    losses: bytes(Float64Array.of(trained.lossSum, evaluation.lossSum, loss)),
    correct: Buffer.from(evaluation.correct),
    gradient: bytes(gradient),
  }
}

describe.skipIf(Object.keys(nativeKernels).length === 0)('native kernels', () => {
  describe.each(Object.entries(plans))('%s', (_, plan) => {
    // Batches of 43 images that end in a whole vector and rest, in one image, and in a single smaller batch.
    it.each([
      [0, 16],
      [0.1, 32],
      [0.5, 7],
      [0.9, 32],
      [0.98, 64],
    ])('give the bits of WebAssembly at sparsity %d with batches of %d', (sparsity, batchSize) => {
      const expected = bitsOf(wasmKernels, plan, sparsity, batchSize)
      for (const [name, kernels] of Object.entries(nativeKernels)) {
        const got = bitsOf(kernels, plan, sparsity, batchSize)
        for (const [part, bits] of Object.entries(expected)) {
          expect(Buffer.compare(got[part], bits), `${part} of ${name}`).toBe(0)
        }
      }
    })
  })
})
