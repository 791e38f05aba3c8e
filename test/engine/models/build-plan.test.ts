import { describe, expect, it } from 'vitest'
import { buildPlan, kernelShape } from '../../../src-main/engine/models/build-plan'

const mnist = [1, 28, 28] as const
const cifar = [3, 32, 32] as const

describe('buildPlan', () => {
  // Bibikar et al. 2022 models.py and the pruning literature.
  it.each([
    ['feddst-cnn', mnist, 261_750, 261_840],
    ['feddst-cnn', cifar, 781_770, 782_006],
    ['lenet-300-100', mnist, 266_200, 266_610],
    ['lenet-5-caffe', mnist, 430_500, 431_080],
    ['lenet-5', cifar, 61_770, 62_006],
  ] as const)('counts the parameters of %s on %s', (model, shape, prunable, total) => {
    const plan = buildPlan(model, shape, 10)
    expect(plan.prunableCount).toBe(prunable)
    expect(plan.parameterCount).toBe(total)
  })

  it('resolves the sizes of the MNIST CNN', () => {
    const { layers } = buildPlan('feddst-cnn', mnist, 10)
    expect(layers.map((layer) => layer.kind)).toEqual([
      ...['convolution', 'relu', 'max-pooling', 'convolution', 'relu', 'max-pooling'],
      ...['flatten', 'dense', 'relu', 'dense'],
    ])
    expect(layers[0]).toMatchObject({ outputHeight: 24, outputWidth: 24 })
    expect(layers[2]).toMatchObject({ window: 3, stride: 1, outputHeight: 22 })
    expect(layers[3]).toMatchObject({ inputHeight: 22, outputHeight: 18 })
    expect(layers[7]).toMatchObject({ inputs: 5120, outputs: 50 })
  })

  it('pads 28×28 images for LeNet-5, so that it ends at 16×5×5 as on 32×32', () => {
    const { layers } = buildPlan('lenet-5', mnist, 10)
    expect(layers[0]).toMatchObject({ padding: 2, outputHeight: 28 })
    expect(layers[7]).toMatchObject({ inputs: 400, outputs: 120 })
  })

  it('lays parameters and mask out without gaps, each kernel before its biases', () => {
    const plan = buildPlan('feddst-cnn', cifar, 10)
    let parameters = 0
    let prunable = 0
    for (const layer of plan.prunable) {
      expect(layer.weightOffset).toBe(parameters)
      expect(layer.biasOffset).toBe(parameters + layer.weightCount)
      expect(layer.maskOffset).toBe(prunable)
      expect(kernelShape(layer).reduce((product, size) => product * size)).toBe(layer.weightCount)
      parameters += layer.weightCount + layer.biasCount
      prunable += layer.weightCount
    }
    expect([parameters, prunable]).toEqual([plan.parameterCount, plan.prunableCount])
    expect(plan.prunable.map((layer) => layer.name)).toEqual(['conv1', 'conv2', 'fc1', 'fc2', 'fc3'])
  })

  it('names model and shape when they do not fit', () => {
    expect(() => buildPlan('feddst-cnn', [1, 32, 32], 10)).toThrow(/model: feddst-cnn .* 1×32×32/)
    expect(() => buildPlan('lenet-5', [1, 8, 8], 10)).toThrow(/model: lenet-5 .* 1×8×8/)
    expect(() => buildPlan('lenet-5', mnist, 10, [6, 16])).toThrow(/widths: \[6, 16\]/)
  })
})
