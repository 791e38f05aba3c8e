import { describe, expect, it } from 'vitest'
import { createSparseTrainer, type Stage } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { everyImage, randomImages, randomModel } from './describe-trainer'
import { allKernels } from './sparse-kernels'
import { tinyPlan } from './tiny-plans'

describe.each(Object.entries(allKernels))('stages of %s', (_, kernels) => {
  const plan = tinyPlan(
    [2, 9, 8],
    [
      { kind: 'convolution', channels: 3, kernel: [3, 3] },
      { kind: 'relu' },
      { kind: 'max-pooling', window: 3, stride: 1 },
      { kind: 'convolution', channels: 4, kernel: [2, 2] },
      { kind: 'flatten' },
      { kind: 'dense', outputs: 6 },
      { kind: 'relu' },
      { kind: 'dense', outputs: 3 },
    ],
  )
  const task = {
    ...randomModel(plan, 0.6, 'stages'),
    images: randomImages(plan, 30, 'stages'),
    indices: everyImage(30),
    localEpochs: 2,
    batchSize: 20,
    learningRate: 0.05,
    momentum: 0.9,
    weightDecay: 0.01,
    proximalCoefficient: 0.1,
    seed: 1,
    batchOrderLabel: 'stages',
  }

  it('are all timed, layer by layer, and change no bit', () => {
    const calls = new Map<string, number>()
    let clock = 0
    const add = (stage: Stage, layer: string | null, milliseconds: number) => {
      expect(milliseconds).toBe(1)
      const name = layer === null ? stage : `${stage} ${layer}`
      calls.set(name, (calls.get(name) ?? 0) + 1)
    }
    const timed = createSparseTrainer(plan, kernels, { now: () => clock++, add }).trainClient(task)
    expect(timed).toEqual(createSparseTrainer(plan, kernels).trainClient(task))
    // Two epochs of two batches, of three slices and of two.
    const perSlice = 10
    const perBatch = 4
    expect(Object.fromEntries(calls)).toEqual({
      'masks and parameters': 2,
      images: 1,
      batch: perBatch,
      loss: perBatch,
      optimiser: perBatch,
      ...stagesOf('forward', ['layer1', 'pooling 1', 'layer2'], perSlice),
      ...stagesOf('forward', ['layer3', 'layer4'], perBatch),
      ...stagesOf('parameter gradient', ['layer1', 'layer2'], perSlice),
      ...stagesOf('parameter gradient', ['layer3', 'layer4'], perBatch),
      // Nothing before the first layer learns.
      ...stagesOf('input gradient', ['pooling 1', 'layer2'], perSlice),
      ...stagesOf('input gradient', ['layer3', 'layer4'], perBatch),
    })
  })
})

function stagesOf(stage: Stage, layers: readonly string[], count: number): Record<string, number> {
  return Object.fromEntries(layers.map((layer) => [`${stage} ${layer}`, count]))
}
