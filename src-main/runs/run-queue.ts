import { EspalierError } from '../contract/commands'
import type { DeviceChoice } from '../contract/devices'
import { isResumable, type RunManifest } from '../contract/records'
import { failureText } from '../files/disk-errors'
import { lockSession, type SessionLock } from '../sessions/session-lock'
import { readRunToChange, readSession, runFolder } from '../sessions/read-session'
import { writeManifest } from '../sessions/run-folder'
import type { DatasetLibrary } from './dataset-library'
import type { Devices } from './devices'
import { executeRun, RunStopped, SessionLost, type RunNews } from './execute-run'

interface Ticket {
  readonly sessionId: string
  readonly sessionFolder: string
  readonly stop: AbortController
  readonly done: Promise<RunManifest>
  readonly settle: (manifest: RunManifest) => void
  readonly fail: (error: unknown) => void
  /** Where to train; null leaves it to the run. */
  readonly device: DeviceChoice | null
  /** As it is now; on disk it may be a second older. */
  manifest: RunManifest
}

interface HeldLock {
  readonly lock: SessionLock
  /** Tickets and commands that rely on it. */
  users: number
}

export type TellNews = (sessionId: string, runId: string, news: RunNews) => void

/**
 * The runs that wait and the one that is executed: one run at a time, its clients side by side. A session stays locked from
 * the first of its runs that is queued to the last that ends, so that no other process comes in between.
 */
export class RunQueue {
  readonly #devices: Devices
  readonly #datasets: DatasetLibrary
  readonly #tell: TellNews
  readonly #locks = new Map<string, HeldLock>()
  #lockWork: Promise<void> = Promise.resolve()
  #waiting: Ticket[] = []
  #active: Ticket | null = null
  #isClosed = false

  constructor(devices: Devices, datasets: DatasetLibrary, tell: TellNews) {
    this.#devices = devices
    this.#datasets = datasets
    this.#tell = tell
  }

  /** Whether a run is being executed. */
  get isBusy(): boolean {
    return this.#active !== null
  }

  /** The manifests of queued and running runs as they are now. */
  liveRun(sessionId: string, runId: string): RunManifest | null {
    return this.#find(sessionId, runId)?.manifest ?? null
  }

  /**
   * Queues runs of one session, in order, and saves them as `queued`. `prepare` is called with the session locked and gives
   * their manifests. Throws `busy` when another process runs the session.
   */
  async enqueue(
    sessionId: string,
    sessionFolder: string,
    prepare: () => Promise<readonly RunManifest[]>,
    device: DeviceChoice | null = null,
  ): Promise<readonly RunManifest[]> {
    if (this.#isClosed) throw new EspalierError('refused', 'Espalier is closing; no run can be started.')
    await this.#acquire(sessionId, sessionFolder)
    try {
      const prepared = await prepare()
      const queued = prepared.map((run): RunManifest => ({ ...run, state: 'queued', message: '' }))
      for (const [index, run] of queued.entries()) {
        // New runs are saved as queued already, perhaps thousands of them.
        if (prepared[index].state === 'queued') this.#tell(sessionId, run.id, { type: 'run.state', run })
        else await this.#save(sessionId, sessionFolder, run)
      }
      for (const run of queued) {
        await this.#acquire(sessionId, sessionFolder)
        this.#waiting.push(newTicket(sessionId, sessionFolder, run, device))
      }
      this.#next()
      return queued
    } finally {
      await this.#release(sessionId)
    }
  }

  /** Resolves with the manifest when the run has finished, failed or been stopped; null when it is not queued. */
  async settled(sessionId: string, runId: string): Promise<RunManifest | null> {
    return (await this.#find(sessionId, runId)?.done) ?? null
  }

  /** Pauses or cancels a queued or running run; answers when the state is on disk. False when it is neither. */
  async stop(sessionId: string, runId: string, state: RunStopped['state']): Promise<boolean> {
    const ticket = this.#find(sessionId, runId)
    if (ticket === null) return false
    if (ticket === this.#active) {
      ticket.stop.abort(new RunStopped(state))
      const { state: reached } = await ticket.done
      if (reached !== state) throw new EspalierError('refused', `The run had ${reached} before it could be ${state}.`)
    } else {
      this.#waiting = this.#waiting.filter((other) => other !== ticket)
      await this.#finish(ticket, () => this.#save(sessionId, ticket.sessionFolder, { ...ticket.manifest, state }))
    }
    return true
  }

  /** Cancels a run that has stopped and could go on. Throws when it is in another state. */
  async cancelStopped(sessionId: string, sessionFolder: string, runId: string): Promise<void> {
    await this.#acquire(sessionId, sessionFolder)
    try {
      const run = await readRunToChange(sessionFolder, runId)
      if (!isResumable(run.state))
        throw new EspalierError('refused', `The run is ${run.state} and cannot be cancelled.`)
      await this.#save(sessionId, sessionFolder, { ...run, state: 'cancelled' })
    } finally {
      await this.#release(sessionId)
    }
  }

  /** Queues a run that has stopped, to go on where it was or on another device. Throws when it is in another state. */
  async resume(
    sessionId: string,
    sessionFolder: string,
    runId: string,
    device: DeviceChoice | null = null,
  ): Promise<void> {
    if (this.#find(sessionId, runId) !== null)
      throw new EspalierError('refused', 'The run is queued or running already.')
    const prepare = async () => {
      const run = await readRunToChange(sessionFolder, runId)
      if (!isResumable(run.state)) throw new EspalierError('refused', `The run is ${run.state} and cannot go on.`)
      return [run]
    }
    await this.enqueue(sessionId, sessionFolder, prepare, device)
  }

  /** Pauses everything; nothing can be queued afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true
    const waiting = this.#waiting.splice(0)
    const active = this.#active
    active?.stop.abort(new RunStopped('paused'))
    for (const ticket of waiting) {
      const paused: RunManifest = { ...ticket.manifest, state: 'paused' }
      await this.#finish(ticket, () => this.#save(ticket.sessionId, ticket.sessionFolder, paused))
    }
    await active?.done
  }

  #find(sessionId: string, runId: string): Ticket | null {
    const isIt = (ticket: Ticket) => ticket.sessionId === sessionId && ticket.manifest.id === runId
    if (this.#active !== null && isIt(this.#active)) return this.#active
    return this.#waiting.find(isIt) ?? null
  }

  #next(): void {
    if (this.#active !== null) return
    const ticket = this.#waiting.shift()
    if (ticket === undefined) return
    this.#active = ticket
    const { sessionId, sessionFolder, manifest } = ticket
    void this.#finish(ticket, () =>
      executeRun({
        folder: runFolder(sessionFolder, manifest.id),
        manifest,
        devices: this.#devices,
        device: ticket.device,
        loadDataset: () => this.#datasets.load(manifest.experiment.dataset),
        signal: ticket.stop.signal,
        tell: (news) => {
          if (news.type === 'run.state') ticket.manifest = news.run
          if (news.type === 'run.round') {
            ticket.manifest = { ...ticket.manifest, roundsDone: news.record.round + 1 }
          }
          this.#tell(sessionId, manifest.id, news)
        },
      }),
    )
  }

  /** Ends a ticket with what `end` gives, even when the disk is full: then the run has failed in words. */
  async #finish(ticket: Ticket, end: () => Promise<RunManifest>): Promise<void> {
    let outcome: RunManifest
    try {
      outcome = await end()
    } catch (error) {
      outcome = { ...ticket.manifest, state: 'failed', message: `Its state cannot be saved: ${failureText(error)}` }
      this.#tell(ticket.sessionId, outcome.id, { type: 'run.state', run: outcome })
    }
    ticket.manifest = outcome
    if (this.#active === ticket) this.#active = null
    try {
      await this.#release(ticket.sessionId)
      ticket.settle(outcome)
    } catch (error) {
      ticket.fail(error)
    }
    this.#next()
  }

  async #save(sessionId: string, sessionFolder: string, run: RunManifest): Promise<RunManifest> {
    const saved = { ...run, updatedAt: new Date().toISOString() }
    await writeManifest(runFolder(sessionFolder, run.id), saved)
    this.#tell(sessionId, run.id, { type: 'run.state', run: saved })
    return saved
  }

  /** Counts one more user of the session's lock, taking it first where nobody has it. */
  #acquire(sessionId: string, sessionFolder: string): Promise<void> {
    return this.#oneByOne(async () => {
      const held = this.#locks.get(sessionId)
      if (held !== undefined) {
        held.users++
        return
      }
      const lock = await lockSession(sessionFolder, (reason) => {
        this.#locks.delete(sessionId)
        const lost = new SessionLost(
          `The session in ${sessionFolder} was removed, moved or taken over while it was being run (${reason.message}).`,
        )
        for (const ticket of [...this.#waiting, ...(this.#active === null ? [] : [this.#active])]) {
          if (ticket.sessionId === sessionId) ticket.stop.abort(lost)
        }
      })
      this.#locks.set(sessionId, { lock, users: 1 })
      // Now that nobody else can be running them, runs that say they are were left behind by a process that ended.
      const { runs, damage } = await readSession(sessionFolder, sessionId, () => Promise.resolve(false))
      for (const run of runs) {
        // A damaged file is not written over.
        if (run.state !== 'interrupted' || damage.some((line) => line.startsWith(`runs/${run.id}/`))) continue
        await this.#save(sessionId, sessionFolder, run)
      }
    })
  }

  #release(sessionId: string): Promise<void> {
    return this.#oneByOne(async () => {
      const held = this.#locks.get(sessionId)
      if (held === undefined) return
      held.users--
      if (held.users > 0) return
      this.#locks.delete(sessionId)
      await held.lock.release()
    })
  }

  #oneByOne(work: () => Promise<void>): Promise<void> {
    const result = this.#lockWork.then(work)
    this.#lockWork = result.catch(() => {})
    return result
  }
}

function newTicket(
  sessionId: string,
  sessionFolder: string,
  manifest: RunManifest,
  device: DeviceChoice | null,
): Ticket {
  let settle: Ticket['settle'] = () => {}
  let fail: Ticket['fail'] = () => {}
  const done = new Promise<RunManifest>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  // Often nobody waits for a run; its outcome is on disk and was told.
  done.catch(() => {})
  return { sessionId, sessionFolder, stop: new AbortController(), done, settle, fail, device, manifest }
}
