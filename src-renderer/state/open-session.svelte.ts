import { runResult, type ComparedRun } from '@contract/comparison'
import type { MatrixRun } from '@contract/matrix'
import type {
  SessionContents,
  RoundRecord,
  RunManifest,
  RunRecords,
  SessionManifest,
  TopologyRecord,
} from '@contract/records'
import type { RunProgress } from '@contract/events'

/** Up to so many runs are on screen with their records; of larger sessions the records follow. */
const mostAwaited = 64
/** Runs whose records are read side by side. */
const readTogether = 4

/** Between two pictures of how far the runs are: clients may end many times a second, and every picture costs a layout. */
const progressMilliseconds = 200

const noRecords: RunRecords = { rounds: [], topology: [], problems: [] }

/** The session on screen: its runs, their records, and how far they are. Events arrive fast; the page changes once per frame. */
export class OpenSession {
  contents = $state.raw<SessionContents | null>(null)
  records = $state.raw<Readonly<Partial<Record<string, RunRecords>>>>({})
  progress = $state.raw<Readonly<Partial<Record<string, RunProgress>>>>({})
  /** How many runs' records are being read and how many of them are here; null when nothing is being read. */
  reading = $state.raw<{ readonly done: number; readonly total: number } | null>(null)

  /** Every run with its outcome so far. An entry stays the same object while its run does not change. */
  readonly outcomes = $derived.by((): readonly MatrixRun[] => {
    const outcomes = this.runs.map((manifest) => {
      const { rounds } = this.recordsOf(manifest.id)
      const known = this.#outcomes[manifest.id]
      const isSame = known?.manifest === manifest && known.rounds === rounds
      return isSame ? known : { manifest, rounds, result: runResult({ manifest, rounds }) }
    })
    this.#outcomes = Object.fromEntries(outcomes.map((outcome) => [outcome.manifest.id, outcome]))
    return outcomes
  })

  /** The same without the results of unfinished runs. It stays the same while rounds go by and no run changes its state. */
  readonly settled = $derived.by((): readonly MatrixRun[] => {
    const settled = this.outcomes.map(({ manifest, result }): MatrixRun => ({
      manifest,
      result: manifest.state === 'finished' ? result : null,
    }))
    const before = this.#settled
    const isSame =
      settled.length === before.length &&
      settled.every(
        ({ manifest, result }, index) => manifest === before[index].manifest && result === before[index].result,
      )
    if (!isSame) this.#settled = settled
    return this.#settled
  })

  #settled: readonly MatrixRun[] = []
  #outcomes: Readonly<Partial<Record<string, MatrixRun & ComparedRun>>> = {}
  #pending: (() => void)[] = []
  #progressNews: Partial<Record<string, RunProgress>> = {}
  #progressTimer = 0
  #progressShownAt = Number.NEGATIVE_INFINITY
  #frame = 0
  readonly #fetchRecords: (sessionId: string, runId: string) => Promise<RunRecords>

  constructor(fetchRecords: (sessionId: string, runId: string) => Promise<RunRecords>) {
    this.#fetchRecords = fetchRecords
  }

  get id(): string | null {
    return this.contents?.manifest.id ?? null
  }

  get runs(): readonly RunManifest[] {
    return this.contents?.runs ?? []
  }

  recordsOf(runId: string): RunRecords {
    return this.records[runId] ?? noRecords
  }

  /**
   * Shows a session, keeping records already held when it is the same one, and reads those that are missing. A large session
   * is on screen before its records are.
   */
  async show(contents: SessionContents): Promise<void> {
    if (contents.manifest.id !== this.id) this.close()
    this.contents = contents
    const missing = contents.runs.filter(
      (run) => this.records[run.id] === undefined && (run.roundsDone > 0 || run.summary !== null),
    )
    const reading = this.#readAll(
      contents.manifest.id,
      missing.map(({ id }) => id),
    )
    if (missing.length <= mostAwaited) await reading
    // What cannot be read is named among the session's problems.
    else reading.catch(() => undefined)
  }

  /** Reads the records of many runs. They are shown in growing batches: every change redraws what depends on them. */
  async #readAll(sessionId: string, runIds: readonly string[]): Promise<void> {
    const left = [...runIds]
    let batch: Record<string, RunRecords> = {}
    let done = 0
    let showAt = 16
    const show = () => {
      if (this.id !== sessionId) return
      // Records that arrived by events meanwhile may be newer.
      const news = Object.entries(batch).filter(([id, { rounds }]) => this.recordsOf(id).rounds.length <= rounds.length)
      this.records = { ...this.records, ...Object.fromEntries(news) }
      batch = {}
      this.reading = done < runIds.length ? { done, total: runIds.length } : null
    }
    const work = async () => {
      for (let runId = left.shift(); runId !== undefined && this.id === sessionId; runId = left.shift()) {
        // Awaited first: meanwhile another reader may have shown the batch and begun a new one.
        const records = await this.#fetchRecords(sessionId, runId)
        batch[runId] = records
        done++
        if (done < showAt) continue
        showAt *= 2
        show()
      }
    }
    try {
      await Promise.all(Array.from({ length: readTogether }, work))
    } finally {
      done = runIds.length
      show()
    }
  }

  close(): void {
    this.#pending = []
    this.contents = null
    this.records = {}
    this.progress = {}
    this.reading = null
  }

  updateRun(run: RunManifest): void {
    this.#soon(() => {
      if (this.contents === null) return
      const known = this.contents.runs.some(({ id }) => id === run.id)
      const runs = known ? this.contents.runs.map((other) => (other.id === run.id ? run : other)) : [...this.runs, run]
      this.contents = { ...this.contents, runs, runStates: runs.map(({ state }) => state) }
      if (run.state !== 'running') this.progress = omit(this.progress, run.id)
    })
  }

  /** The same of a run that another process executes: nothing tells of its records. */
  updateElsewhere(run: RunManifest): void {
    this.updateRun(run)
    this.#reread(run.id)
  }

  /** Takes over what is said of the runs. */
  annotate(sessionId: string, runAnnotations: SessionManifest['runAnnotations']): void {
    if (this.contents?.manifest.id !== sessionId) return
    this.contents = { ...this.contents, manifest: { ...this.contents.manifest, runAnnotations } }
  }

  addRound(runId: string, record: RoundRecord): void {
    this.#soon(() => {
      const held = this.recordsOf(runId)
      // After a resume the records from the checkpoint on are written again.
      if (record.round > held.rounds.length) this.#reread(runId)
      else this.#hold(runId, { ...held, rounds: [...held.rounds.slice(0, record.round), record] })
    })
  }

  addTopology(runId: string, record: TopologyRecord): void {
    this.#soon(() => {
      const held = this.recordsOf(runId)
      if (record.update > held.topology.length) this.#reread(runId)
      else this.#hold(runId, { ...held, topology: [...held.topology.slice(0, record.update), record] })
    })
  }

  setProgress(runId: string, progress: RunProgress): void {
    this.#progressNews[runId] = progress
    if (this.#progressTimer !== 0) return
    const rest = this.#progressShownAt + progressMilliseconds - performance.now()
    this.#progressTimer = window.setTimeout(
      () => {
        this.#progressTimer = 0
        this.#progressShownAt = performance.now()
        // A run may have ended, and the session may be another one, since the news came.
        const running = this.runs.flatMap(({ id, state }) => {
          const news = this.#progressNews[id]
          return state === 'running' && news !== undefined ? [[id, news] as const] : []
        })
        this.#progressNews = {}
        if (running.length > 0) this.progress = { ...this.progress, ...Object.fromEntries(running) }
      },
      Math.max(0, rest),
    )
  }

  #hold(runId: string, records: RunRecords): void {
    this.records = { ...this.records, [runId]: records }
  }

  async #read(sessionId: string, runId: string): Promise<void> {
    const records = await this.#fetchRecords(sessionId, runId)
    // The answer may come when another session is on screen, or after newer events.
    if (this.id !== sessionId || this.recordsOf(runId).rounds.length > records.rounds.length) return
    this.#hold(runId, records)
  }

  #reread(runId: string): void {
    if (this.id !== null) void this.#read(this.id, runId)
  }

  #soon(change: () => void): void {
    this.#pending.push(change)
    if (this.#frame !== 0) return
    this.#frame = requestAnimationFrame(() => {
      this.#frame = 0
      const changes = this.#pending
      this.#pending = []
      for (const apply of changes) apply()
    })
  }
}

function omit<Value>(record: Readonly<Partial<Record<string, Value>>>, key: string): Partial<Record<string, Value>> {
  return Object.fromEntries(Object.entries(record).filter(([name]) => name !== key))
}
