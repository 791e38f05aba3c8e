import type { RunManifest, RunState, SessionContents, SessionEntry } from '../contract/records'
import { isSessionLocked } from '../sessions/session-lock'

/** Between two looks at a session. */
const lookMilliseconds = 1000
/** A look that took long is followed by a pause so many times longer. */
const pauseFactor = 10

/** What is kept of a run, as it was told last. */
interface Told {
  readonly state: RunState
  /** Null where it was only listed. */
  readonly updatedAt: string | null
}

interface Followed {
  readonly folder: string
  readonly runs: Map<string, Told>
  /** It was opened, so that it is followed while nobody runs it too. */
  readonly isOpened: boolean
  /** Another process ran it when it was looked at last. */
  wasRun: boolean
}

interface RunsElsewhereOptions {
  readonly read: (sessionId: string) => Promise<SessionContents>
  /** Whether this process holds the session. */
  readonly isOurs: (sessionId: string) => boolean
  readonly tell: (sessionId: string, run: RunManifest) => void
}

/**
 * Follows the runs that other processes execute, of whose progress and death nothing tells. Sessions that were opened, or
 * listed as being run, are looked at every second; one that another process holds is read, and once more when it does not
 * hold it any longer.
 */
export class RunsElsewhere {
  readonly #options: RunsElsewhereOptions
  readonly #sessions = new Map<string, Followed>()
  #timer: NodeJS.Timeout | null = null
  #isClosed = false

  constructor(options: RunsElsewhereOptions) {
    this.#options = options
  }

  /** A session was opened as it is given here. */
  opened({ runs, ...entry }: SessionContents): void {
    this.#follow(entry, new Map(runs.map((run) => [run.id, told(run)])), true)
  }

  /** Sessions were listed as they are given here. */
  listed(entries: readonly SessionEntry[]): void {
    for (const entry of entries) {
      const { id, runs } = entry.manifest
      if (this.#sessions.has(id) || !isBeingRun(entry)) continue
      const states = runs.map((runId, at) => [runId, { state: entry.runStates[at], updatedAt: null }] as const)
      this.#follow(entry, new Map(states), false)
    }
  }

  /** This process has changed a run of the session; what is just being read of it may be older. */
  changed(sessionId: string): void {
    const followed = this.#sessions.get(sessionId)
    if (followed !== undefined) this.#sessions.set(sessionId, { ...followed })
  }

  close(): void {
    this.#isClosed = true
    if (this.#timer !== null) clearTimeout(this.#timer)
  }

  #follow(entry: SessionEntry, runs: Followed['runs'], isOpened: boolean): void {
    this.#sessions.set(entry.manifest.id, { folder: entry.folder, runs, isOpened, wasRun: isBeingRun(entry) })
    this.#lookIn(lookMilliseconds)
  }

  #lookIn(milliseconds: number): void {
    if (this.#isClosed || this.#sessions.size === 0) return
    this.#timer ??= setTimeout(() => {
      const startedAt = performance.now()
      void this.#lookAtAll().then(() => {
        this.#timer = null
        this.#lookIn(Math.max(lookMilliseconds, pauseFactor * (performance.now() - startedAt)))
      })
    }, milliseconds).unref()
  }

  async #lookAtAll(): Promise<void> {
    for (const [id, followed] of [...this.#sessions]) {
      try {
        await this.#look(id, followed)
      } catch {
        // It was deleted, moved or is on a disk that has gone; opening it again says so.
        this.#sessions.delete(id)
      }
    }
  }

  async #look(id: string, followed: Followed): Promise<void> {
    const isOurs = this.#options.isOurs(id)
    const isRun = !isOurs && (await isSessionLocked(followed.folder))
    const mayHaveChanged = !isOurs && (isRun || followed.wasRun)
    followed.wasRun = isRun
    if (mayHaveChanged) {
      const { runs } = await this.#options.read(id)
      if (this.#isClosed || this.#options.isOurs(id) || this.#sessions.get(id) !== followed) return
      for (const run of runs) {
        const known = followed.runs.get(run.id)
        const isSame = known?.state === run.state && (run.state !== 'running' || known.updatedAt === run.updatedAt)
        followed.runs.set(run.id, told(run))
        if (!isSame) this.#options.tell(id, run)
      }
    }
    if (!isRun && !followed.isOpened) this.#sessions.delete(id)
  }
}

function told({ state, updatedAt }: RunManifest): Told {
  return { state, updatedAt }
}

function isBeingRun({ runStates }: SessionEntry): boolean {
  return runStates.some((state) => state === 'running' || state === 'queued')
}
