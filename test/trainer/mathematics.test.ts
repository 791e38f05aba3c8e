import { describe, expect, it } from 'vitest'
import { KernelHeap } from '../../src-main/engine/trainer/sparse/kernels'
import { allKernels } from './sparse-kernels'

/** Puts values through a kernel that works on eight at a time, in place. */
function apply(heap: KernelHeap, name: 'exponentials' | 'logarithms', values: readonly number[]): number[] {
  heap.reserve(heap.base + 32, 'a vector')
  const window = heap.floats(heap.base, 8)
  return Array.from({ length: values.length / 8 }, (_, vector) => {
    window.set(values.slice(vector * 8, vector * 8 + 8))
    heap.kernels[name](heap.base)
    return Array.from(window)
  }).flat()
}

/** Largest relative error against double precision, in units of the last place of a float. */
function worstError(inputs: readonly number[], outputs: readonly number[], truth: (value: number) => number): number {
  return inputs.reduce((worst, input, index) => {
    const expected = truth(Math.fround(input))
    return Math.max(worst, Math.abs(outputs[index] - expected) / (Math.abs(expected) * 2 ** -23))
  }, 0)
}

describe.each(Object.entries(allKernels))('exponential and logarithm of %s', (_, kernels) => {
  const heap = new KernelHeap(kernels)

  it('gives e^x within one unit of the last place over the whole range', () => {
    const inputs = Array.from({ length: 80_000 }, (_, index) => -87 + (index / 80_000) * 175)
    expect(worstError(inputs, apply(heap, 'exponentials', inputs), Math.exp)).toBeLessThan(1)
  })

  it('gives exact ends: e^0 is 1, far below is 0, and NaN stays', () => {
    const [one, none, lowest, missing] = apply(heap, 'exponentials', [0, -87.5, -Infinity, NaN, 0, 0, 0, 0])
    expect([one, none, lowest]).toEqual([1, 0, 0])
    expect(missing).toBeNaN()
  })

  it('gives log x within one unit of the last place from 1 to 10^6 and far out', () => {
    const near = Array.from({ length: 40_000 }, (_, index) => 1.001 + index / 4_000)
    const far = Array.from({ length: 40_000 }, (_, index) => 10 ** (-30 + (index / 40_000) * 60)).filter(
      (value) => Math.abs(value - 1) > 0.01,
    )
    for (const inputs of [near, far.slice(0, far.length - (far.length % 8))]) {
      expect(worstError(inputs, apply(heap, 'logarithms', inputs), Math.log)).toBeLessThan(1)
    }
    expect(apply(heap, 'logarithms', new Array<number>(8).fill(1))[0]).toBe(0)
  })
})
