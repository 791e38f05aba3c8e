import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { activePerLayer, applyMask, countActive, randomMask } from '../../../src-main/engine/sparsity/masks'

const plan = buildPlan('lenet-300-100', [1, 2, 3], 3, [8, 5])

describe('randomMask', () => {
  it('has exactly the requested ones in every layer', () => {
    const mask = randomMask(plan, [7, 40, 1], 5)
    expect(activePerLayer(plan, mask)).toEqual([7, 40, 1])
    expect(countActive(mask)).toBe(48)
  })

  it('draws every layer from its own stream', () => {
    const mask = randomMask(plan, [7, 20, 5], 5)
    const other = randomMask(plan, [30, 20, 5], 5)
    expect(other.subarray(48)).toEqual(mask.subarray(48))
    expect(randomMask(plan, [7, 20, 5], 6)).not.toEqual(mask)
  })

  it('gives equal layers different masks', () => {
    const square = buildPlan('lenet-300-100', [1, 2, 4], 8, [8, 8])
    const mask = randomMask(square, [20, 20, 20], 5)
    const [first, second, third] = [0, 64, 128].map((at) => mask.subarray(at, at + 64))
    expect(second).not.toEqual(first)
    expect(third).not.toEqual(first)
  })

  it('covers all positions evenly', () => {
    const counts = new Array<number>(48).fill(0)
    for (let seed = 0; seed < 2000; seed++) {
      randomMask(plan, [12, 1, 1], seed)
        .subarray(0, 48)
        .forEach((bit, at) => (counts[at] += bit))
    }
    // Binomial(2000, 1/4): five standard deviations are 97.
    for (const count of counts) expect(Math.abs(count - 500)).toBeLessThan(97)
  })
})

describe('applyMask', () => {
  it('sets masked weights to 0 and leaves biases and its input alone', () => {
    const parameters = new Float32Array(plan.parameterCount).fill(-2)
    const masked = applyMask(plan, parameters, new Uint8Array(plan.prunableCount))
    for (const layer of plan.prunable) {
      for (let at = 0; at < layer.weightCount; at++) expect(Object.is(masked[layer.weightOffset + at], 0)).toBe(true)
      expect(masked[layer.biasOffset]).toBe(-2)
    }
    expect(parameters.every((value) => value === -2)).toBe(true)
  })
})

describe('countActive', () => {
  it('counts any part of any mask', () => {
    // Long enough for more than one sum, which holds 4 × 255 ones.
    const mask = Uint8Array.from({ length: 2100 }, (_, at) => (at % 7 === 0 ? 0 : 1))
    const full = new Uint8Array(2100).fill(1)
    for (let start = 0; start < 8; start++)
      for (const length of [0, 1, 2, 3, 4, 5, 6, 7, 8, 1019, 1020, 1021, 1024, 2090]) {
        const part = mask.subarray(start, start + length)
        expect(countActive(part)).toBe(part.filter((flag) => flag === 1).length)
        expect(countActive(full.subarray(start, start + length))).toBe(length)
      }
  })
})
