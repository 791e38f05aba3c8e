import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/**
 * Named random streams. Each purpose ("mask", "partition", "batches/3/17"…) draws from its own generator, derived from the
 * run's seed and the purpose's name, so that turning one feature off shifts no other. No generator state needs saving: a
 * resumed run derives the same streams again.
 */
export interface RandomStream {
  /** Uniform in [0, 1) with 53 bits. */
  uniform(): number
  /** Uniform integer in [0, bound). */
  integer(bound: number): number
}

/** The stream of one purpose under one seed (an unsigned 32-bit integer). */
export function namedStream(seed: number, label: string): RandomStream {
  const generator = xoroshiro128plus(hash(seed, label))
  return {
    uniform: () => uniformFloat64(generator),
    integer: (bound) => uniformInt(generator, 0, bound - 1),
  }
}

/** Fisher–Yates, in place. */
export function shuffle(stream: RandomStream, values: Uint32Array): Uint32Array {
  for (let last = values.length - 1; last > 0; last--) {
    const other = stream.integer(last + 1)
    const value = values[last]
    values[last] = values[other]
    values[other] = value
  }
  return values
}

/** MurmurHash3 (x86, 32 bits) over the UTF-16 units of the label. */
function hash(seed: number, label: string): number {
  let state = seed | 0
  for (let index = 0; index < label.length; index++) {
    let unit = Math.imul(label.charCodeAt(index), 0xcc9e2d51)
    unit = (unit << 15) | (unit >>> 17)
    state ^= Math.imul(unit, 0x1b873593)
    state = (state << 13) | (state >>> 19)
    state = (Math.imul(state, 5) + 0xe6546b64) | 0
  }
  state ^= label.length
  state = Math.imul(state ^ (state >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return state ^ (state >>> 16)
}
