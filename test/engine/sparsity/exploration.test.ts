import { describe, expect, it } from 'vitest'
import { countNewlyActive, expectedExploredShares, jaccard, union } from '../../../src-main/engine/sparsity/exploration'
import { decayedRatio } from '../../../src-main/engine/sparsity/schedule'

describe('expectedExploredShares', () => {
  const atInterval = (density: number, interval: number) => {
    const ratios = Array.from({ length: Math.ceil(150 / interval) }, (_, index) =>
      decayedRatio(0.5, 'cosine', index * interval, 150),
    )
    return expectedExploredShares(density, ratios).at(-1) ?? Number.NaN
  }

  // Liu et al. 2021 (ITOP): f = 0.5, cosine, end 150, updates at 0, ΔT, 2ΔT, … < 150.
  it.each([
    [0.5, [1, 0.9999, 0.9957, 0.9833, 0.9174, 0.7845]],
    [0.2, [0.9999, 0.9198, 0.7904, 0.6922, 0.5182, 0.3695]],
    [0.1, [0.9852, 0.6843, 0.5111, 0.4176, 0.2857, 0.1927]],
    [0.05, [0.8672, 0.4247, 0.2907, 0.2287, 0.1496, 0.0982]],
  ])('meets the table at density %d', (density, shares) => {
    const found = [1, 4, 7, 10, 20, 50].map((interval) => atInterval(density, interval))
    found.forEach((share, index) => {
      expect(share).toBeCloseTo(shares[index], 4)
    })
  })

  it('stays at the density while nothing moves, never falls, and is 1 for a dense layer', () => {
    const [still, first, pause, second] = expectedExploredShares(0.3, [0, 0.5, 0, 0.5])
    expect(still).toBeCloseTo(0.3, 15)
    expect(first).toBeCloseTo(1 - (0.7 * 0.7) / 0.85, 15)
    expect(pause).toBe(first)
    expect(second).toBeGreaterThan(pause)
    expect(expectedExploredShares(1, [0.5, 0])).toEqual([1, 1])
  })
})

describe('masks compared', () => {
  const a = Uint8Array.of(1, 1, 0, 0)
  const b = Uint8Array.of(1, 0, 1, 0)
  it('counts, unites and measures overlap', () => {
    expect(countNewlyActive(a, b)).toBe(1)
    expect(union(a, b)).toEqual(Uint8Array.of(1, 1, 1, 0))
    expect(jaccard(a, b)).toBeCloseTo(1 / 3, 15)
    expect(jaccard(a, a)).toBe(1)
    expect(jaccard(new Uint8Array(3), new Uint8Array(3))).toBe(1)
  })
})
