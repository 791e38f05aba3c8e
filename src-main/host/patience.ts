import type { ThreadJob } from './thread-protocol'

export interface SilenceLimits {
  /** Nothing is taken for hung before. */
  readonly leastMilliseconds: number
  /** A thread is taken for hung when it is silent so many times longer than any thread before it was for the same work. */
  readonly factor: number
}

/** A thread that computes again what one hung at is given so many times longer. */
const secondChance = 4

/**
 * How long a thread may be silent at a job, learned from the jobs that have been done. Meant for the jobs of one plan and
 * data set; a job of a kind that was never done has all the time in the world.
 */
export class Patience {
  readonly #kinds = new Map<string, { longest: number; perUnit: number }>()

  constructor(private readonly limits: SilenceLimits) {}

  /** Learns how long a job took. */
  learn(job: ThreadJob, milliseconds: number): void {
    const { kind, units } = workOf(job)
    const known = this.#kinds.get(kind) ?? { longest: 0, perUnit: 0 }
    this.#kinds.set(kind, {
      longest: Math.max(known.longest, milliseconds),
      perUnit: Math.max(known.perUnit, milliseconds / units),
    })
  }

  /** Milliseconds of silence that are too long at this job; `attempt` is 0 the first time it is done. */
  limit(job: ThreadJob, attempt: number): number {
    const { kind, units } = workOf(job)
    const known = this.#kinds.get(kind)
    if (known === undefined) return Number.POSITIVE_INFINITY
    // Clients are of different sizes; not everything that they do grows with their images.
    const usual = Math.max(known.longest, known.perUnit * units)
    return Math.max(this.limits.leastMilliseconds, this.limits.factor * usual) * secondChance ** attempt
  }
}

/** Jobs of one kind take time in proportion to their units, roughly. */
function workOf(job: ThreadJob): { kind: string; units: number } {
  switch (job.type) {
    case 'describe':
      return { kind: 'describe', units: 1 }
    case 'evaluate':
      return { kind: 'evaluate', units: Math.max(1, job.indices.length) }
    case 'train': {
      const { work, indices, experiment } = job.client
      return { kind: `train ${work ?? ''}`, units: Math.max(1, indices.length * experiment.localEpochs) }
    }
  }
}
