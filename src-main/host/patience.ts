export interface SilenceLimits {
  /** Nothing is taken for hung before. */
  readonly leastMilliseconds: number
  /** It is taken for hung when it is silent so many times longer than it ever was before at the same kind of work. */
  readonly factor: number
  /** Work of a kind that was never done before is not taken for hung before this time … */
  readonly leastAtFirstMilliseconds: number
  /** … nor before it would be done at this speed. */
  readonly slowestFlopsPerSecond: number
}

/**
 * Of the threads of the processor. The slowest that has been measured are 1.6 GFLOP/s (sparse/wasm, LeNet-300-100, batches
 * of one image); a hundredth of that is slower than an old machine under any load.
 */
export const threadLimits: SilenceLimits = {
  leastMilliseconds: 120_000,
  factor: 20,
  leastAtFirstMilliseconds: 600_000,
  slowestFlopsPerSecond: 16e6,
}

/** The same of the other devices, of which the slowest, tfjs-cpu, was measured at 35 MFLOP/s. */
export const deviceLimits: SilenceLimits = { ...threadLimits, slowestFlopsPerSecond: 0.35e6 }

/** Work of one kind takes time in proportion to its theoretical FLOPs (those of the dense network), roughly. */
export interface Work {
  readonly kind: string
  readonly flops: number
}

/** Work that is done again because it may have hung is given so many times longer. */
const secondChance = 4

/**
 * How long whoever trains may be silent at work, learned from what has been done. Meant for the work of one plan and data
 * set.
 */
export class Patience {
  readonly #kinds = new Map<string, { readonly longest: number; readonly perFlop: number }>()

  constructor(private readonly limits: SilenceLimits) {}

  /** Learns how long work took. */
  learn({ kind, flops }: Work, milliseconds: number): void {
    const known = this.#kinds.get(kind) ?? { longest: 0, perFlop: 0 }
    this.#kinds.set(kind, {
      longest: Math.max(known.longest, milliseconds),
      perFlop: Math.max(known.perFlop, milliseconds / Math.max(1, flops)),
    })
  }

  /** Milliseconds of silence that are too long at this work; `attempt` is 0 the first time it is done. */
  limit({ kind, flops }: Work, attempt = 0): number {
    const { leastMilliseconds, factor, leastAtFirstMilliseconds, slowestFlopsPerSecond } = this.limits
    const known = this.#kinds.get(kind)
    const limit =
      known === undefined
        ? Math.max(leastAtFirstMilliseconds, (1000 * flops) / slowestFlopsPerSecond)
        : // Clients are of different sizes; not everything that they do grows with their images.
          Math.max(leastMilliseconds, factor * Math.max(known.longest, known.perFlop * flops))
    return limit * secondChance ** attempt
  }
}
