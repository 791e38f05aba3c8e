import { describe, expect, it } from 'vitest'
import {
  meanInterval,
  pairedDifferences,
  pairsNeeded,
  pairsStillNeeded,
  spread,
  standardError,
  verdict,
} from '../../src-main/contract/statistics'

describe('spread', () => {
  it('is the mean and the sample standard deviation, which one value does not have', () => {
    expect(spread([1, 3])).toEqual({ n: 2, mean: 2, deviation: Math.SQRT2 })
    expect(spread([5])).toEqual({ n: 1, mean: 5, deviation: null })
  })
})

describe('the interval of a mean', () => {
  it("is the standard error times Student's t (tabulated: 12.706, 4.303, 2.776 for 1, 2, 4 degrees of freedom)", () => {
    for (const [n, t] of [
      [2, 12.7062],
      [3, 4.30265],
      [5, 2.77645],
    ]) {
      const values = { n, mean: 10, deviation: Math.sqrt(n) }
      expect(standardError(values)).toBeCloseTo(1, 12)
      expect(meanInterval(values)?.high).toBeCloseTo(10 + t, 4)
      expect(meanInterval(values)?.low).toBeCloseTo(10 - t, 4)
    }
  })

  it('does not exist for one value, and is a point for equal ones', () => {
    expect(meanInterval(spread([1]))).toBeNull()
    expect(standardError(spread([1]))).toBeNull()
    expect(meanInterval(spread([1, 1, 1]))).toEqual({ low: 1, high: 1 })
  })
})

describe('paired differences', () => {
  it('hold what both sides have, whatever their order', () => {
    const values = new Map([
      [0, 5],
      [1, 7],
      [9, 100],
    ])
    const reference = new Map([
      [1, 4],
      [0, 3],
      [8, 0],
    ])
    expect(pairedDifferences(values, reference)).toEqual([2, 3])
  })

  it('decide the sign only when their interval is clear of zero', () => {
    expect(verdict(spread([0.01, 0.012, 0.011]))).toBe('higher')
    expect(verdict(spread([-0.01, -0.012, -0.011]))).toBe('lower')
    expect(verdict(spread([0.01, -0.012, 0.011]))).toBe('undecided')
    // Two seeds have to agree very well: t is 12.7.
    expect(verdict(spread([0.01, 0.0115]))).toBe('higher')
    expect(verdict(spread([0.01, 0.012]))).toBe('undecided')
    expect(verdict(spread([0.5]))).toBe('undecided')
  })
})

describe('the number of pairs needed', () => {
  it("is that of G*Power's tables for the paired t test (two-sided, 5 %, 80 %)", () => {
    expect([0.2, 0.5, 0.8, 1].map((effect) => pairsNeeded(1, effect))).toEqual([199, 34, 15, 10])
  })

  it('agrees with the normal formula where there are many, and is at least two', () => {
    expect(pairsNeeded(1)).toBe(78489)
    expect(pairsNeeded(0)).toBe(2)
    expect(pairsNeeded(1e-4)).toBe(2)
  })

  it('for one point, counts those that there are', () => {
    const values = { n: 3, mean: 0, deviation: 0.0075 * Math.SQRT2 }
    expect(pairsStillNeeded(values)).toBe(pairsNeeded(0.0075 * Math.SQRT2) - 3)
    expect(pairsStillNeeded(values)).toBe(8)
    expect(pairsStillNeeded({ ...values, n: 50 })).toBe(0)
    expect(pairsStillNeeded(spread([1]))).toBeNull()
  })
})
