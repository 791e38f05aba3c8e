import { setTimeout as sleep } from 'node:timers/promises'
import { EspalierError } from '../contract/commands'
import type { DeviceChoice } from '../contract/devices'
import { priorities, type Priority, type QueueEntry, type QueueStatus } from '../contract/queue'
import { isResumable, type RunManifest } from '../contract/records'
import { failureText } from '../files/disk-errors'
import type { WorkerPool } from '../host/worker-pool'
import { isSessionLocked, lockSession, type SessionLock } from '../sessions/session-lock'
import { readRunToChange, readSession, runFolder } from '../sessions/read-session'
import { clearRun, writeManifest } from '../sessions/run-folder'
import type { DatasetLibrary } from './dataset-library'
import type { Devices } from './devices'
import { executeRun, RunStopped, SessionLost, type RunNews } from './execute-run'
import type { QueueFile, SavedEntry } from './queue-file'

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
  priority: Priority
  /** It is to pause at its next checkpoint. */
  stopsAfterRound: boolean
}

interface HeldLock {
  readonly lock: SessionLock
  readonly sessionName: string
  /** Tickets and commands that rely on it. */
  users: number
}

/** How runs are queued, where it is not as usual. */
interface Wishes {
  /** Where to train; null leaves it to the run. */
  readonly device?: DeviceChoice | null | undefined
  readonly priority?: Priority
  readonly isHeld?: boolean
}

interface ResumeWishes {
  readonly from?: 'checkpoint' | 'start' | undefined
  readonly device?: DeviceChoice | null | undefined
}

export interface RunQueueOptions {
  readonly devices: Devices
  readonly threads: WorkerPool
  readonly datasets: DatasetLibrary
  readonly tell: (sessionId: string, runId: string, news: RunNews) => void
  readonly tellQueue: (status: QueueStatus) => void
  /** Where the order is remembered; null forgets it with the process. */
  readonly file: QueueFile | null
}

/** An engine may outlive its application that was killed by so long, with its sessions locked. */
const outlivedMilliseconds = 5000
/** So many waiting runs are told; further ones only by their number. */
const mostTold = 200

/**
 * The runs that wait and the one that is executed: one run at a time, its clients side by side. A session stays locked from
 * the first of its runs that is queued to the last that ends, so that no other process comes in between. Those that wait are
 * in order: by priority, and within it as they came or were moved.
 */
export class RunQueue {
  readonly #devices: Devices
  readonly #threads: WorkerPool
  readonly #datasets: DatasetLibrary
  readonly #tell: RunQueueOptions['tell']
  readonly #tellQueue: RunQueueOptions['tellQueue']
  readonly #file: QueueFile | null
  readonly #locks = new Map<string, HeldLock>()
  #lockWork: Promise<void> = Promise.resolve()
  #waiting: Ticket[] = []
  #active: Ticket | null = null
  #isHeld = false
  #isClosed = false
  #changeTimer: NodeJS.Timeout | null = null

  constructor({ devices, threads, datasets, tell, tellQueue, file }: RunQueueOptions) {
    this.#devices = devices
    this.#threads = threads
    this.#datasets = datasets
    this.#tell = tell
    this.#tellQueue = tellQueue
    this.#file = file
  }

  /** Whether a run is being executed. */
  get isBusy(): boolean {
    return this.#active !== null
  }

  get status(): QueueStatus {
    const active = this.#active
    return {
      active: active === null ? null : { ...this.#entry(active), stopsAfterRound: active.stopsAfterRound },
      waiting: this.#waiting.slice(0, mostTold).map((ticket) => this.#entry(ticket)),
      waitingCount: this.#waiting.length,
      isHeld: this.#isHeld,
    }
  }

  /** Whether this process holds the session, so that no other one runs it. */
  holds(sessionId: string): boolean {
    return this.#locks.has(sessionId)
  }

  /** While it is held, the run under way goes on and no other is started. */
  hold(isHeld: boolean): void {
    this.#isHeld = isHeld
    this.#next()
    this.#changed()
  }

  /** Puts a waiting run at a place among those that wait, with the priority that belongs there. Throws `refused`. */
  move(sessionId: string, runId: string, index: number): void {
    const ticket = this.#findWaiting(sessionId, runId)
    const others = this.#waiting.filter((other) => other !== ticket)
    const before = others.slice(0, index)
    const after = others.slice(index)
    const rank = (neighbour: Ticket | undefined, none: number) =>
      neighbour === undefined ? none : priorities.indexOf(neighbour.priority)
    const least = rank(before.at(-1), 0)
    const most = rank(after.at(0), priorities.length - 1)
    ticket.priority = priorities[Math.min(most, Math.max(least, priorities.indexOf(ticket.priority)))]
    this.#waiting = [...before, ticket, ...after]
    this.#changed()
  }

  /** Puts a waiting run behind the others of its new priority. Throws `refused` when it does not wait. */
  prioritise(sessionId: string, runId: string, priority: Priority): void {
    const ticket = this.#findWaiting(sessionId, runId)
    this.#waiting = this.#waiting.filter((other) => other !== ticket)
    ticket.priority = priority
    this.#insert(ticket)
    this.#changed()
  }

  /**
   * Queues again what the file remembers, in its order, and holds the queue: nobody has asked for the computation yet in this
   * process. A run in whose middle the last process died is left `interrupted`. What cannot be queued is passed over.
   */
  async restore(folderOf: (sessionId: string) => Promise<string>): Promise<void> {
    const waitUntil = performance.now() + outlivedMilliseconds
    for (const saved of (await this.#file?.read()) ?? []) {
      try {
        const folder = await folderOf(saved.sessionId)
        while (!this.holds(saved.sessionId) && performance.now() < waitUntil && (await isSessionLocked(folder)))
          await sleep(50)
        await this.enqueue(saved.sessionId, folder, () => this.#restorable(folder, saved), {
          priority: saved.priority,
          isHeld: true,
        })
      } catch (error) {
        console.error(`espalier: run ${saved.runId} of the last queue is not queued again:`, error)
      }
    }
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
    { device = null, priority = 'normal', isHeld = this.#isHeld }: Wishes = {},
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
        this.#insert(newTicket(sessionId, sessionFolder, run, device, priority))
      }
      if (queued.length > 0) this.#isHeld = isHeld
      this.#next()
      this.#changed()
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
      this.#changed()
      await this.#finish(ticket, () => this.#save(sessionId, ticket.sessionFolder, { ...ticket.manifest, state }))
    }
    return true
  }

  /** Pauses a run after the round under way, a waiting one at once. False when it is neither queued nor running. */
  async stopAtCheckpoint(sessionId: string, runId: string): Promise<boolean> {
    const ticket = this.#find(sessionId, runId)
    if (ticket === null || ticket !== this.#active) return this.stop(sessionId, runId, 'paused')
    ticket.stopsAfterRound = true
    this.#changed()
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

  /**
   * Queues a run that has stopped, to go on from its last checkpoint, where it was or on another device, or from the start
   * without what it has recorded. Throws when it is in another state.
   */
  async resume(
    sessionId: string,
    sessionFolder: string,
    runId: string,
    { from = 'checkpoint', device = null }: ResumeWishes = {},
  ): Promise<void> {
    if (this.#find(sessionId, runId) !== null)
      throw new EspalierError('refused', 'The run is queued or running already.')
    const prepare = async () => {
      const run = await readRunToChange(sessionFolder, runId)
      const mayGoOn = isResumable(run.state) || (from === 'start' && run.state === 'cancelled')
      if (!mayGoOn) throw new EspalierError('refused', `The run is ${run.state} and cannot go on.`)
      if (from === 'checkpoint') return [run]
      await clearRun(runFolder(sessionFolder, runId))
      return [{ ...run, roundsDone: 0, dataSha256: null, weightsSha256: null, summary: null, devices: [] }]
    }
    await this.enqueue(sessionId, sessionFolder, prepare, { device })
  }

  /** Pauses everything; nothing can be queued afterwards. */
  async close(): Promise<void> {
    this.#isClosed = true
    if (this.#changeTimer !== null) clearTimeout(this.#changeTimer)
    this.#changeTimer = null
    // What it says now is what the next start finds; that these runs are paused in a moment is not the user's doing.
    await this.#file?.write(this.#saved())
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

  /** Throws `refused` when it does not wait. */
  #findWaiting(sessionId: string, runId: string): Ticket {
    const ticket = this.#find(sessionId, runId)
    if (ticket !== null && ticket !== this.#active) return ticket
    throw new EspalierError('refused', 'The run does not wait any more.')
  }

  /** Behind the last one of its priority or a higher one. */
  #insert(ticket: Ticket): void {
    const rank = priorities.indexOf(ticket.priority)
    const behind = this.#waiting.findIndex(({ priority }) => priorities.indexOf(priority) > rank)
    this.#waiting.splice(behind === -1 ? this.#waiting.length : behind, 0, ticket)
  }

  #entry({ sessionId, manifest, priority }: Ticket): QueueEntry {
    const { method, seed, rounds } = manifest.experiment
    const sessionName = this.#locks.get(sessionId)?.sessionName ?? ''
    return {
      sessionId,
      sessionName,
      runId: manifest.id,
      method,
      seed,
      rounds,
      roundsDone: manifest.roundsDone,
      priority,
    }
  }

  #saved(): SavedEntry[] {
    const entryOf = ({ sessionId, manifest, priority }: Ticket, wasActive: boolean) => ({
      sessionId,
      runId: manifest.id,
      priority,
      wasActive,
    })
    return [
      ...(this.#active === null ? [] : [entryOf(this.#active, true)]),
      ...this.#waiting.map((ticket) => entryOf(ticket, false)),
    ]
  }

  async #restorable(folder: string, { runId, wasActive }: SavedEntry): Promise<RunManifest[]> {
    const run = await readRunToChange(folder, runId)
    if (!isResumable(run.state) || run.state === 'failed') return []
    return wasActive && run.state === 'interrupted' ? [] : [run]
  }

  /** Tells and remembers a change; of many in a row the last. */
  #changed(): void {
    if (this.#isClosed) return
    this.#changeTimer ??= setTimeout(() => {
      this.#changeTimer = null
      this.#tellQueue(this.status)
      this.#file?.write(this.#saved()).catch((error: unknown) => {
        console.error('espalier: the order of the queue cannot be saved:', error)
      })
    }, 50)
  }

  #next(): void {
    if (this.#active !== null || this.#isHeld) return
    const ticket = this.#waiting.shift()
    if (ticket === undefined) return
    this.#active = ticket
    const { sessionId, sessionFolder, manifest } = ticket
    void this.#finish(ticket, () =>
      executeRun({
        folder: runFolder(sessionFolder, manifest.id),
        manifest,
        devices: this.#devices,
        threads: this.#threads,
        device: ticket.device,
        loadDataset: () => this.#datasets.load(manifest.experiment.dataset),
        signal: ticket.stop.signal,
        tell: (news) => {
          if (news.type === 'run.state') ticket.manifest = news.run
          if (news.type === 'run.round') {
            ticket.manifest = { ...ticket.manifest, roundsDone: news.record.round + 1 }
            if (ticket.stopsAfterRound) ticket.stop.abort(new RunStopped('paused'))
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
    // Until its session is free it is still at work: on disk it may yet say that it waits.
    const released = await this.#release(ticket.sessionId).then(
      () => null,
      (error: unknown) => ({ error }),
    )
    if (this.#active === ticket) this.#active = null
    if (released === null) ticket.settle(outcome)
    else ticket.fail(released.error)
    this.#next()
    this.#changed()
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
      // Now that nobody else can be running them, runs that say they are were left behind by a process that ended.
      const { runs, damage, manifest } = await readSession(sessionFolder, sessionId, () => Promise.resolve(false))
      this.#locks.set(sessionId, { lock, sessionName: manifest.name, users: 1 })
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
  priority: Priority,
): Ticket {
  let settle: Ticket['settle'] = () => {}
  let fail: Ticket['fail'] = () => {}
  const done = new Promise<RunManifest>((resolve, reject) => {
    settle = resolve
    fail = reject
  })
  // Often nobody waits for a run; its outcome is on disk and was told.
  done.catch(() => {})
  const stop = new AbortController()
  return { sessionId, sessionFolder, stop, done, settle, fail, device, manifest, priority, stopsAfterRound: false }
}
