import { describe, expect, it } from 'vitest'
import { digest } from '../digest'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'

describe('initialParameters', () => {
  const plan = buildPlan('feddst-cnn', [1, 28, 28], 10)
  const parameters = initialParameters(plan, 7)

  it('draws weights and biases uniformly within ±1/√fan_in', () => {
    const fanIn = { conv1: 25, conv2: 250, fc1: 5120, fc2: 50 }
    for (const layer of plan.prunable) {
      const bound = 1 / Math.sqrt(fanIn[layer.name as keyof typeof fanIn])
      const own = parameters.subarray(layer.weightOffset, layer.biasOffset + layer.biasCount)
      expect(Math.max(...own.map(Math.abs).slice(0, 100_000))).toBeLessThanOrEqual(Math.fround(bound))
    }
    const fc1 = plan.prunable[2]
    const weights = parameters.subarray(fc1.weightOffset, fc1.weightOffset + fc1.weightCount)
    const mean = weights.reduce((sum, value) => sum + value, 0) / weights.length
    const variance = weights.reduce((sum, value) => sum + (value - mean) ** 2, 0) / weights.length
    // A uniform draw in ±b has variance b²/3; 256 000 draws meet it to about half a percent.
    expect(Math.abs(mean)).toBeLessThan(1e-4)
    expect(variance / (1 / 5120 / 3)).toBeCloseTo(1, 1)
    const biases = parameters.slice(fc1.biasOffset, fc1.biasOffset + fc1.biasCount)
    expect(new Set(biases).size).toBe(fc1.biasCount)
    expect(biases).not.toEqual(weights.slice(0, fc1.biasCount))
  })

  it('depends on the seed and on the layer, not on the rest of the model', () => {
    expect(digest(initialParameters(plan, 7))).toBe(digest(parameters))
    expect(digest(initialParameters(plan, 8))).not.toBe(digest(parameters))
    const other = buildPlan('feddst-cnn', [1, 28, 28], 10, [10, 20, 40])
    const conv2 = plan.prunable[1]
    const end = conv2.biasOffset + conv2.biasCount
    expect(digest(initialParameters(other, 7).subarray(0, end))).toBe(digest(parameters.subarray(0, end)))
  })
})
