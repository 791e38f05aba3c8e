import cliProgress from 'cli-progress'
import prettyMilliseconds from 'pretty-ms'
import { accuracyOf } from '../contract/accuracy'
import type { EspalierEvent } from '../contract/events'
import type { RunManifest } from '../contract/records'

/**
 * Shows how runs go on: a bar with the time that remains on a terminal, else a plain line for each round. All on stderr, so
 * that stdout holds results alone.
 */
export class ProgressDisplay {
  readonly #runs = new Map<string, { readonly title: string; readonly rounds: number }>()
  readonly #bar = process.stderr.isTTY
    ? new cliProgress.SingleBar({
        format: '{title}  [{bar}] {percentage} %  round {round}/{rounds}  {status}',
        stream: process.stderr,
        hideCursor: true,
        barsize: 24,
      })
    : null
  #shown: string | null = null
  #status = ''
  #remaining: number | null = null

  constructor(runs: readonly RunManifest[]) {
    runs.forEach(({ id, experiment: { method, seed, rounds } }, index) => {
      const place = runs.length > 1 ? `[${index + 1}/${runs.length}] ` : ''
      this.#runs.set(id, { title: `${place}${method}, seed ${seed}`, rounds })
    })
  }

  /** Takes note of an event of the laboratory. */
  show(event: EspalierEvent): void {
    if (event.type === 'run.progress') this.#progress(event)
    else if (event.type === 'run.round') this.#round(event)
    else if (event.type === 'run.setAside') this.#setAside(event)
    else if (event.type === 'run.state' && event.run.state !== 'queued' && event.run.state !== 'running')
      this.#end(event.run)
  }

  /** Takes the bar off the terminal. */
  close(): void {
    if (this.#shown === null) return
    this.#bar?.stop()
    this.#shown = null
  }

  #progress({ runId, progress }: Extract<EspalierEvent, { type: 'run.progress' }>): void {
    this.#remaining = progress.secondsRemaining
    const run = this.#runs.get(runId)
    if (this.#bar === null || run === undefined) return
    const { round, rounds, clientsDone, clientsInRound } = progress
    // A round is not done before its record is written.
    const done = round + (0.99 * clientsDone) / Math.max(1, clientsInRound)
    const payload = { title: run.title, round: round + 1, rounds, status: `${this.#status}${this.#remainingText()}` }
    if (this.#shown !== runId) {
      this.#shown = runId
      this.#status = ''
      this.#bar.start(rounds, done, { ...payload, status: '' })
    } else {
      this.#bar.update(done, payload)
    }
  }

  #round({ runId, record }: Extract<EspalierEvent, { type: 'run.round' }>): void {
    const run = this.#runs.get(runId)
    if (run === undefined) return
    const value = accuracyOf(record)
    const kind = record.clientAccuracyModel === 'own' ? 'local test accuracy' : 'test accuracy'
    const accuracy = value === null ? '' : `${kind} ${(value * 100).toFixed(2)} %  `
    this.#status = `${accuracy}training loss ${record.trainLoss.toFixed(4)}  `
    if (this.#bar !== null) {
      if (this.#shown === runId) this.#bar.update(record.round + 1)
      return
    }
    const time = `${record.seconds.toFixed(2)} s`
    console.error(
      `${run.title}  round ${record.round + 1}/${run.rounds}  ${this.#status}${time}${this.#remainingText()}`,
    )
  }

  #setAside({ runId, files }: Extract<EspalierEvent, { type: 'run.setAside' }>): void {
    this.close()
    console.error(`${this.#runs.get(runId)?.title ?? runId}  damaged files were set aside: ${files.join(', ')}`)
  }

  #end({ id, state, message }: RunManifest): void {
    const run = this.#runs.get(id)
    if (run === undefined) return
    this.close()
    if (this.#bar !== null || state !== 'finished') {
      const words = [run.title, state, this.#status.trim(), message].filter((text) => text !== '')
      console.error(words.join('  '))
    }
  }

  #remainingText(): string {
    return this.#remaining === null ? '' : `  ${prettyMilliseconds(Math.ceil(this.#remaining) * 1000)} left`
  }
}
