import { describe, expect, it } from 'vitest'
import { Patience } from '../../src-main/host/patience'

const limits = {
  leastMilliseconds: 100,
  factor: 20,
  leastAtFirstMilliseconds: 500,
  slowestFlopsPerSecond: 1000,
}
const work = (flops: number, kind = 'train') => ({ kind, flops })

describe('patience', () => {
  it('gives work of a new kind the time it would take at the slowest speed, and a least', () => {
    const patience = new Patience(limits)
    expect(patience.limit(work(0))).toBe(500)
    expect(patience.limit(work(3000))).toBe(3000)
    patience.learn(work(3000), 50)
    expect(patience.limit(work(3000, 'evaluate'))).toBe(3000)
  })

  it('then compares with the slowest that was done, in all and for its size', () => {
    const patience = new Patience(limits)
    patience.learn(work(1000), 1)
    expect(patience.limit(work(1000))).toBe(100)
    patience.learn(work(1000), 50)
    patience.learn(work(1000), 2)
    expect(patience.limit(work(1000))).toBe(1000)
    // What does not grow with the work counts for less of it too.
    expect(patience.limit(work(10))).toBe(1000)
    expect(patience.limit(work(4000))).toBe(4000)
  })

  it('gives work that is done again more time', () => {
    const patience = new Patience(limits)
    expect(patience.limit(work(0), 1)).toBe(2000)
  })
})
