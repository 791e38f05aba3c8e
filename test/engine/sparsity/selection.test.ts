import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { range } from '../../../src-main/engine/random/draw'
import { selectByRank } from '../../../src-main/engine/sparsity/selection'

const select = (scores: number[], count: number, order: 'smallest' | 'largest') => [
  ...selectByRank(Float32Array.from(scores), range(scores.length), count, order),
]

describe('selectByRank', () => {
  it('gives ties to the lower position', () => {
    expect(select([1, 0, 0, 2, 0], 2, 'smallest')).toEqual([1, 2])
    expect(select([3, 1, 3, 3], 2, 'largest')).toEqual([0, 2])
    expect(select([0, -0, 0], 2, 'largest')).toEqual([0, 1])
  })

  it('selects nothing for 0 and everything for all', () => {
    expect(select([2, 1], 0, 'smallest')).toEqual([])
    expect(select([2, 1], 2, 'largest')).toEqual([0, 1])
  })

  it('ranks NaN last in either order, after infinities', () => {
    expect(select([NaN, Infinity, NaN, 1], 2, 'smallest')).toEqual([1, 3])
    expect(select([NaN, -Infinity, 5, NaN], 2, 'largest')).toEqual([1, 2])
    expect(select([NaN, 7, NaN], 2, 'largest')).toEqual([0, 1])
  })

  it('considers the candidates alone and leaves them as they were', () => {
    const candidates = Uint32Array.of(4, 0, 2)
    const chosen = selectByRank(Float32Array.of(5, 9, 1, 9, 3), candidates, 2, 'largest')
    expect([...chosen]).toEqual([0, 4])
    expect([...candidates]).toEqual([4, 0, 2])
  })

  it('agrees with sorting', () => {
    fc.assert(
      fc.property(
        fc.array(fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constant(NaN)), { minLength: 1, maxLength: 200 }),
        fc.nat(),
        fc.constantFrom('smallest' as const, 'largest' as const),
        (scores, seed, order) => {
          const count = seed % (scores.length + 1)
          const key = (at: number) =>
            Number.isNaN(scores[at]) ? Infinity : order === 'smallest' ? scores[at] : -scores[at]
          const sorted = scores.map((_, at) => at).sort((a, b) => key(a) - key(b) || a - b)
          const expected = sorted.slice(0, count).sort((a, b) => a - b)
          expect(select(scores, count, order)).toEqual(expected)
        },
      ),
      { numRuns: 500 },
    )
  })
})
