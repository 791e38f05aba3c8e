import { describe, expect, it } from 'vitest'
import { accuracyOn, evaluationBlocks, mergeEvaluations } from '../../../src-main/engine/federated/evaluation'
import { range } from '../../../src-main/engine/random/draw'

describe('evaluationBlocks', () => {
  it.each([0, 1, 999, 1000, 1001, 10_000])('covers %d images once, in order, a thousand at a time', (count) => {
    const blocks = evaluationBlocks(count)
    expect(blocks.flatMap((block) => [...block])).toEqual([...range(count)])
    for (const block of blocks.slice(0, -1)) expect(block).toHaveLength(1000)
  })
})

describe('mergeEvaluations', () => {
  it('adds losses and joins answers in the order of the blocks', () => {
    const merged = mergeEvaluations([
      { lossSum: 0.1, correct: Uint8Array.of(1, 0) },
      { lossSum: 0.2, correct: Uint8Array.of(1) },
    ])
    expect(merged).toEqual({ lossSum: 0.1 + 0.2, correct: Uint8Array.of(1, 0, 1) })
  })
})

describe('accuracyOn', () => {
  it('is the share of the given images, and null for none', () => {
    expect(accuracyOn(Uint8Array.of(1, 0, 1, 1), Uint32Array.of(1, 2))).toBe(0.5)
    expect(accuracyOn(Uint8Array.of(1), new Uint32Array(0))).toBeNull()
  })
})
