import type { RunLanes } from '../contract/events'
import type { WorkNews } from '../host/worker-pool'

type Span = RunLanes['spans'][number]

/** Shortest time between two reports. */
const intervalMilliseconds = 200
/** Spans told at a time; of a round with more, the latest. */
const mostSpans = 240

/** Who trained whom in the round under way, from what the threads say; told a few times a second, the latest always. */
export class LaneReporter {
  readonly #workers: () => number
  readonly #report: (lanes: RunLanes) => void
  #round = 0
  #roundStart = performance.now()
  #spans: Span[] = []
  #timer: NodeJS.Timeout | null = null
  #lastReport = Number.NEGATIVE_INFINITY

  constructor(workers: () => number, report: (lanes: RunLanes) => void) {
    this.#workers = workers
    this.#report = report
  }

  hear({ worker, round, client, isDone }: WorkNews): void {
    if (round !== null && round !== this.#round) this.#begin(round)
    const now = this.#now()
    if (isDone)
      this.#spans = this.#spans.map((span) =>
        span.worker === worker && span.end === null ? { ...span, end: now } : span,
      )
    else this.#spans.push({ worker, client, start: now, end: null })
    if (this.#spans.length > mostSpans) this.#spans = this.#spans.slice(-mostSpans)
    if (this.#timer !== null) return
    const wait = this.#lastReport + intervalMilliseconds - performance.now()
    if (wait <= 0) this.#send()
    else this.#timer = setTimeout(this.#send, wait)
  }

  /** Drops a report that still waits. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timer = null
  }

  #begin(round: number): void {
    this.#round = round
    this.#roundStart = performance.now()
    this.#spans = []
  }

  #now(): number {
    return (performance.now() - this.#roundStart) / 1000
  }

  readonly #send = () => {
    this.#timer = null
    this.#lastReport = performance.now()
    this.#report({ round: this.#round, workers: this.#workers(), now: this.#now(), spans: [...this.#spans] })
  }
}
