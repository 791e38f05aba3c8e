import { describe, expect, it } from 'vitest'
import { sparseKernels } from './sparse-kernels'

interface MathematicsExports {
  readonly memory: WebAssembly.Memory
  readonly __heap_base: WebAssembly.Global
  readonly exponentials: (values: number) => void
  readonly logarithms: (values: number) => void
}
const kernels = new WebAssembly.Instance(sparseKernels.module).exports as unknown as MathematicsExports
kernels.memory.grow(1)
const place = Math.ceil(Number(kernels.__heap_base.value) / 64) * 64

function apply(operation: (values: number) => void, values: readonly number[]): number[] {
  const window = new Float32Array(kernels.memory.buffer, place, 8)
  return Array.from({ length: values.length / 8 }, (_, vector) => {
    window.set(values.slice(vector * 8, vector * 8 + 8))
    operation(place)
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

describe('exponential and logarithm of the kernels', () => {
  it('gives e^x within one unit of the last place over the whole range', () => {
    const inputs = Array.from({ length: 80_000 }, (_, index) => -87 + (index / 80_000) * 175)
    expect(worstError(inputs, apply(kernels.exponentials, inputs), Math.exp)).toBeLessThan(1)
  })

  it('gives exact ends: e^0 is 1, far below is 0, and NaN stays', () => {
    const [one, none, lowest, missing] = apply(kernels.exponentials, [0, -87.5, -Infinity, NaN, 0, 0, 0, 0])
    expect([one, none, lowest]).toEqual([1, 0, 0])
    expect(missing).toBeNaN()
  })

  it('gives log x within one unit of the last place from 1 to 10^6 and far out', () => {
    const near = Array.from({ length: 40_000 }, (_, index) => 1.001 + index / 4_000)
    const far = Array.from({ length: 40_000 }, (_, index) => 10 ** (-30 + (index / 40_000) * 60)).filter(
      (value) => Math.abs(value - 1) > 0.01,
    )
    for (const inputs of [near, far.slice(0, far.length - (far.length % 8))]) {
      expect(worstError(inputs, apply(kernels.logarithms, inputs), Math.log)).toBeLessThan(1)
    }
    expect(apply(kernels.logarithms, new Array<number>(8).fill(1))[0]).toBe(0)
  })
})
