import { powerSaveBlocker } from 'electron'
import type { BrowserWindow } from 'electron'
import type { EspalierEvent } from '../contract/events'

/**
 * Follows the engine's events: keeps the machine awake and the taskbar's progress up to date while a run is running, and
 * knows whether quitting would stop one.
 */
export class Activity {
  readonly #window: Pick<BrowserWindow, 'setProgressBar'>
  readonly #running = new Map<string, number>()
  #blocker: number | null = null

  constructor(window: Pick<BrowserWindow, 'setProgressBar'>) {
    this.#window = window
  }

  get running(): boolean {
    return this.#running.size > 0
  }

  follow(event: EspalierEvent): void {
    if (event.type === 'run.state') {
      const key = `${event.sessionId}/${event.run.id}`
      if (event.run.state === 'running') this.#running.set(key, event.run.roundsDone / event.run.experiment.rounds)
      else this.#running.delete(key)
    } else if (event.type === 'run.progress') {
      const { round, rounds, clientsDone, clientsInRound } = event.progress
      const key = `${event.sessionId}/${event.runId}`
      if (!this.#running.has(key)) return
      this.#running.set(key, (round + clientsDone / Math.max(1, clientsInRound)) / rounds)
    } else if (event.type === 'engine.lost') {
      this.#running.clear()
    } else {
      return
    }
    this.#show()
  }

  #show(): void {
    const shares = [...this.#running.values()]
    const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length
    this.#window.setProgressBar(this.running ? mean : -1)
    if (this.running) {
      this.#blocker ??= powerSaveBlocker.start('prevent-app-suspension')
    } else if (this.#blocker !== null) {
      powerSaveBlocker.stop(this.#blocker)
      this.#blocker = null
    }
  }
}
