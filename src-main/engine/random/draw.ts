import type { RandomStream } from './streams'

/**
 * `count` values of `values` without replacement, every subset equally likely: the first steps of a Fisher–Yates shuffle.
 * Reorders `values` and returns its front part.
 */
export function drawWithoutReplacement(stream: RandomStream, values: Uint32Array, count: number): Uint32Array {
  for (let next = 0; next < count; next++) {
    const other = next + stream.integer(values.length - next)
    const value = values[next]
    values[next] = values[other]
    values[other] = value
  }
  return values.subarray(0, count)
}

/** 0, 1, …, count − 1. */
export function range(count: number): Uint32Array {
  const values = new Uint32Array(count)
  for (let index = 0; index < count; index++) values[index] = index
  return values
}
