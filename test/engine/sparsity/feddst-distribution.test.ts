import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { feddstCounts } from '../../../src-main/engine/sparsity/feddst-distribution'

const mnist = buildPlan('feddst-cnn', [1, 28, 28], 10).prunable
const cifar = buildPlan('feddst-cnn', [3, 32, 32], 10).prunable

describe("FedDST's own distribution", () => {
  // Active counts of its models.py; a layer left untouched keeps all.
  it.each([
    ['mnist', 0.5, 'er', [250, 2834, 127532, 280]],
    ['mnist', 0.5, 'erk', [138, 2478, 128021, 280]],
    ['mnist', 0.8, 'er', [250, 1522, 50421, 142]],
    ['mnist', 0.8, 'erk', [65, 953, 51204, 143]],
    ['cifar10', 0.5, 'er', [340, 1475, 383581, 5135, 468]],
    ['cifar10', 0.5, 'erk', [235, 1213, 383943, 5140, 469]],
    ['cifar10', 0.8, 'er', [271, 911, 152858, 2119, 240]],
    ['cifar10', 0.8, 'erk', [103, 492, 153438, 2126, 240]],
    ['cifar10', 0.9, 'er', [248, 723, 75950, 1113, 163]],
    ['cifar10', 0.9, 'erk', [59, 251, 76602, 1122, 164]],
  ] as const)('%s at S = %d, %s', (name, sparsity, distribution, expected) => {
    const layers = name === 'mnist' ? mnist : cifar
    const counts = feddstCounts(layers, sparsity, distribution)
    expect(counts.map((keep, index) => keep ?? layers[index].weightCount)).toEqual(expected)
  })

  it('leaves a layer untouched where the scaled sparsity is negative', () => {
    expect(feddstCounts(mnist, 0.5, 'er')[0]).toBeNull()
    expect(feddstCounts(mnist, 0.5, 'erk')[0]).not.toBeNull()
  })
})
