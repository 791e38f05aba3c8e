import type { SessionContents, RoundRecord, RunManifest, RunRecords, TopologyRecord } from '@contract/records'
import type { RunProgress } from '@contract/events'

const noRecords: RunRecords = { rounds: [], topology: [] }

/** The session on screen: its runs, their records, and how far they are. Events arrive fast; the page changes once per frame. */
export class OpenSession {
  contents = $state.raw<SessionContents | null>(null)
  records = $state.raw<Readonly<Partial<Record<string, RunRecords>>>>({})
  progress = $state.raw<Readonly<Partial<Record<string, RunProgress>>>>({})

  #pending: (() => void)[] = []
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

  /** Shows a session, keeping records already held when it is the same one, and reads those that are missing. */
  async show(contents: SessionContents): Promise<void> {
    if (contents.manifest.id !== this.id) this.close()
    this.contents = contents
    await Promise.all(
      contents.runs
        .filter((run) => this.records[run.id] === undefined && (run.roundsDone > 0 || run.summary !== null))
        .map((run) => this.#read(contents.manifest.id, run.id)),
    )
  }

  close(): void {
    this.#pending = []
    this.contents = null
    this.records = {}
    this.progress = {}
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
    this.#soon(() => {
      this.progress = { ...this.progress, [runId]: progress }
    })
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
