import type { RunProgress } from '../contract/events'

type RoundProgress = Omit<RunProgress, 'secondsRemaining'>

/** Shortest time between two reports: ten a second are as many as anybody can follow. */
const intervalMilliseconds = 100

/**
 * Passes progress on at most ten times a second, the latest of a burst always, and adds the time that remains. The
 * estimate is the mean of the rounds measured since this start; before the first has ended there is none.
 */
export class ProgressReporter {
  readonly #report: (progress: RunProgress) => void
  #latest: RoundProgress | null = null
  #timer: NodeJS.Timeout | null = null
  #lastReport = Number.NEGATIVE_INFINITY
  #roundStart = performance.now()
  #measuredSeconds = 0
  #measuredRounds = 0

  constructor(report: (progress: RunProgress) => void) {
    this.#report = report
  }

  update(progress: RoundProgress): void {
    this.#latest = progress
    if (this.#timer !== null) return
    const wait = this.#lastReport + intervalMilliseconds - performance.now()
    if (wait <= 0) this.#send()
    else this.#timer = setTimeout(this.#send, wait)
  }

  /** Counts a round that has ended. */
  roundDone(seconds: number): void {
    this.#measuredSeconds += seconds
    this.#measuredRounds++
    this.#roundStart = performance.now()
  }

  /** Drops a report that still waits. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  readonly #send = () => {
    this.#timer = null
    if (this.#latest === null) return
    this.#lastReport = performance.now()
    this.#report({ ...this.#latest, secondsRemaining: this.#secondsRemaining(this.#latest) })
    this.#latest = null
  }

  #secondsRemaining({ round, rounds }: RoundProgress): number | null {
    if (this.#measuredRounds === 0) return null
    const perRound = this.#measuredSeconds / this.#measuredRounds
    const inThisRound = (performance.now() - this.#roundStart) / 1000
    return Math.max(0, perRound * (rounds - round) - Math.min(inThisRound, perRound))
  }
}
