import { describe, expect, it } from 'vitest'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { namedStream } from '../../src-main/engine/random/streams'
import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import type { LabelledImages, MaskedModel } from '../../src-main/engine/trainer/trainer'
import { everyImage, randomImages, randomModel } from './describe-trainer'
import { referenceLoss } from './reference-loss'
import { allKernels } from './sparse-kernels'
import { tinyPlan } from './tiny-plans'

/** Masks by what is special about them; `plan` has two layers with weights at least. */
const masks: Record<string, (plan: ModelPlan) => Uint8Array> = {
  'every weight': (plan) => new Uint8Array(plan.prunableCount).fill(1),
  'a single weight': (plan) => {
    const mask = new Uint8Array(plan.prunableCount)
    for (const layer of plan.prunable) mask[layer.maskOffset + Math.floor(layer.weightCount / 2)] = 1
    return mask
  },
  'no weight': (plan) => new Uint8Array(plan.prunableCount),
  'outputs and inputs without any weight': (plan) => {
    const stream = namedStream(1, 'empty rows')
    const mask = new Uint8Array(plan.prunableCount)
    for (const layer of plan.prunable) {
      const inputs = layer.kind === 'dense' ? layer.inputs : layer.inputChannels
      const area = layer.kind === 'dense' ? 1 : layer.kernelHeight * layer.kernelWidth
      for (let weight = 0; weight < layer.weightCount; weight++) {
        const input = Math.floor(weight / area) % inputs
        const output = Math.floor(weight / area / inputs)
        if (input !== 0 && output !== 1) mask[layer.maskOffset + weight] = stream.integer(2)
      }
    }
    return mask
  },
  'half of the weights': (plan) => randomModel(plan, 0.5, 'shapes').mask,
}

/** One of each width up to two of the widest tiles and more, with what borders, strides and kernels do to them. */
const plans: Record<string, ModelPlan> = Object.fromEntries<ModelPlan>([
  ...[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 17, 23, 34].map((width): [string, ModelPlan] => [
    `width ${width}`,
    tinyPlan(
      [2, 4, width + 2],
      [
        { kind: 'convolution', channels: 3, kernel: [3, 3], padding: width % 2 },
        { kind: 'relu' },
        { kind: 'convolution', channels: 2, kernel: [2, 1] },
        { kind: 'flatten' },
        { kind: 'dense', outputs: 3 },
      ],
    ),
  ]),
  [
    'stride 2',
    tinyPlan(
      [1, 11, 13],
      [
        { kind: 'convolution', channels: 2, kernel: [3, 3], stride: 2 },
        { kind: 'relu' },
        { kind: 'convolution', channels: 3, kernel: [2, 3], stride: 2, padding: 1 },
        { kind: 'flatten' },
        { kind: 'dense', outputs: 3 },
      ],
    ),
  ],
  [
    'dense layers cut into bands',
    tinyPlan(
      [1, 30, 30],
      [{ kind: 'flatten' }, { kind: 'dense', outputs: 170 }, { kind: 'relu' }, { kind: 'dense', outputs: 4 }],
    ),
  ],
  [
    'a convolution cut into bands',
    tinyPlan(
      [1, 3, 9],
      [
        { kind: 'convolution', channels: 40, kernel: [3, 3], padding: 1 },
        { kind: 'relu' },
        { kind: 'convolution', channels: 30, kernel: [3, 3], padding: 1 },
        { kind: 'flatten' },
        { kind: 'dense', outputs: 3 },
      ],
    ),
  ],
])

/** Mean loss in double precision. */
function meanLoss(plan: ModelPlan, parameters: ArrayLike<number>, images: LabelledImages): number {
  let sum = 0
  for (let image = 0; image < images.count; image++) sum += referenceLoss(plan, parameters, images, image)
  return sum / images.count
}

function masked(plan: ModelPlan, name: string): MaskedModel {
  const mask = masks[name](plan)
  const parameters = new Float32Array(randomModel(plan, 1, 'shapes').parameters)
  for (const layer of plan.prunable) {
    const scale = 2 / Math.sqrt(layer.weightCount / layer.biasCount)
    for (let weight = 0; weight < layer.weightCount; weight++)
      parameters[layer.weightOffset + weight] *= scale * mask[layer.maskOffset + weight]
  }
  return { parameters, mask }
}

describe.each(Object.entries(allKernels))('%s on odd shapes', (_, kernels) => {
  describe.each(Object.entries(plans))('%s', (name, plan) => {
    it.each(Object.keys(masks))('trains with %s as double precision would', (maskName) => {
      const count = 11
      const images = randomImages(plan, count, name)
      const { parameters, mask } = masked(plan, maskName)
      const trainer = createSparseTrainer(plan, kernels)
      const { lossSum } = trainer.evaluate({ parameters, mask }, images, everyImage(count))
      const expectedLoss = meanLoss(plan, parameters, images)
      expect(lossSum / count).toBeCloseTo(expectedLoss, 4)

      const trained = trainer.trainClient({
        parameters,
        mask,
        images,
        indices: everyImage(count),
        localEpochs: 1,
        batchSize: count,
        learningRate: 1,
        momentum: 0,
        weightDecay: 0,
        proximalCoefficient: 0,
        seed: 1,
        batchOrderLabel: 'shapes',
      })
      trainer.dispose()
      expect(trained.lossSum).toBeCloseTo(expectedLoss, 4)
      // One step of learning rate 1 is the gradient: the slope of the loss along it must be its squared length.
      const gradient = Float64Array.from(parameters, (value, index) => value - trained.parameters[index])
      const length = Math.sqrt(gradient.reduce((sum, value) => sum + value * value, 0))
      const step = 1e-4 / length
      const ahead = meanLoss(
        plan,
        Float64Array.from(parameters, (value, i) => value + step * gradient[i]),
        images,
      )
      const behind = meanLoss(
        plan,
        Float64Array.from(parameters, (value, i) => value - step * gradient[i]),
        images,
      )
      expect((ahead - behind) / (2 * step) / length ** 2).toBeCloseTo(1, 2)
    })
  })
})
