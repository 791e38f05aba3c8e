import { describe, expect, it } from 'vitest'
import { clientStatistics, partitionStatistics } from '../../../src-main/engine/data/partition-statistics'

describe('clientStatistics', () => {
  it('measures entropy in bits and distance to the shared labels', () => {
    // Worked by hand: the whole is (½, ¼, ¼).
    const statistics = clientStatistics([
      [4, 0, 0],
      [0, 2, 2],
      [0, 0, 0],
    ])
    expect(statistics).toEqual([
      { images: 4, entropy: 0, totalVariation: 0.5 },
      { images: 4, entropy: 1, totalVariation: 0.5 },
      { images: 0, entropy: null, totalVariation: null },
    ])
    expect(clientStatistics([[1, 1, 1, 1]])[0]).toEqual({ images: 4, entropy: 2, totalVariation: 0 })
  })
})

describe('partitionStatistics', () => {
  it('has the Gini coefficient of worked examples', () => {
    expect(partitionStatistics([5, 5, 5, 5]).gini).toBeCloseTo(0, 12)
    // Mean absolute difference of (1, 3) is 1, half of it over the mean 2 is ¼.
    expect(partitionStatistics([3, 1]).gini).toBeCloseTo(0.25, 12)
    expect(partitionStatistics([0, 0, 0, 10]).gini).toBeCloseTo(0.75, 12)
    expect(partitionStatistics([0, 0]).gini).toBe(0)
  })

  it('finds extremes, median and clients without images', () => {
    expect(partitionStatistics([10, 9, 100, 0])).toMatchObject({
      smallest: 0,
      median: 9.5,
      largest: 100,
      clientsWithoutImages: 1,
    })
    expect(partitionStatistics([10, 9, 100]).median).toBe(10)
  })
})
