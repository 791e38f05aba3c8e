import { Notification, powerSaveBlocker } from 'electron'
import type { BrowserWindow } from 'electron'
import type { EspalierEvent } from '../contract/events'
import type { Words } from './words'

/** What is needed of the window. */
export type ActivityWindow = Pick<BrowserWindow, 'setProgressBar' | 'isFocused' | 'isMinimized' | 'restore' | 'focus'>

/**
 * Follows the engine's events: keeps the machine awake and the taskbar's progress up to date while a run is running, says
 * when all of them have ended if the user is elsewhere, and knows whether quitting would stop one.
 */
export class Activity {
  readonly #window: ActivityWindow
  readonly #words: () => Words
  readonly #mayNotify: () => boolean
  readonly #running = new Map<string, number>()
  #blocker: number | null = null
  /** Runs that have ended by themselves since the queue was last empty. */
  #ended = { finished: 0, failed: 0 }

  constructor(window: ActivityWindow, words: () => Words, mayNotify: () => boolean) {
    this.#window = window
    this.#words = words
    this.#mayNotify = mayNotify
  }

  get running(): boolean {
    return this.#running.size > 0
  }

  follow(event: EspalierEvent): void {
    if (event.type === 'run.state') {
      const key = `${event.sessionId}/${event.run.id}`
      if (event.run.state === 'running') this.#running.set(key, event.run.roundsDone / event.run.experiment.rounds)
      else this.#running.delete(key)
      if (event.run.state === 'finished' || event.run.state === 'failed') this.#ended[event.run.state]++
    } else if (event.type === 'queue.changed') {
      if (event.queue.active === null && event.queue.waitingCount === 0) this.#allEnded()
      return
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

  #allEnded(): void {
    const { finished, failed } = this.#ended
    this.#ended = { finished: 0, failed: 0 }
    if (finished + failed === 0 || this.#window.isFocused() || !this.#mayNotify() || !Notification.isSupported()) return
    const words = this.#words()
    const notification = new Notification({
      title: failed === 0 ? words.runsFinished : words.runsFailed,
      body: words.runsEnded(finished, failed),
    })
    notification.on('click', () => {
      if (this.#window.isMinimized()) this.#window.restore()
      this.#window.focus()
    })
    notification.show()
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
