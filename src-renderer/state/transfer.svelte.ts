import { EspalierError } from '@contract/commands'
import type { SessionEntry } from '@contract/records'
import type { Laboratory } from './laboratory.svelte'

type TransferKind = 'export' | 'import' | 'duplicate' | 'merge'

/** The copy, export or import of sessions that is going on, one at a time, and what is done with its outcome. */
export class Transfer {
  kind = $state<TransferKind | null>(null)
  bytesDone = $state(0)
  /** 0 until the engine has said how much there is. */
  bytesTotal = $state(0)
  readonly #laboratory: Laboratory

  constructor(laboratory: Laboratory) {
    this.#laboratory = laboratory
  }

  advance(bytesDone: number, bytesTotal: number): void {
    this.bytesDone = bytesDone
    this.bytesTotal = bytesTotal
  }

  async exportSession(sessionId: string): Promise<void> {
    const { engine, messages, words, format } = this.#laboratory
    const exported = await this.#during('export', () => engine.invoke('sessions.export', { sessionId }))
    if (exported != null) messages.note(words.sessions.exported(exported.file, format.bytes(exported.bytes)))
  }

  async importArchive(): Promise<void> {
    await this.#openAfter('import', () => this.#laboratory.engine.invoke('sessions.import'))
  }

  async duplicate({ manifest }: SessionEntry): Promise<void> {
    const { engine, words } = this.#laboratory
    const name = words.sessions.copyName(manifest.name.slice(0, 180))
    await this.#openAfter('duplicate', () => engine.invoke('sessions.duplicate', { sessionId: manifest.id, name }))
  }

  async merge(entries: readonly SessionEntry[]): Promise<void> {
    const { engine, messages, words, format } = this.#laboratory
    const name = entries
      .map(({ manifest }) => manifest.name)
      .join(' + ')
      .slice(0, 200)
    await this.#openAfter('merge', async () => {
      const sessionIds = entries.map(({ manifest }) => manifest.id)
      const { entry, duplicates } = await engine.invoke('sessions.merge', { sessionIds, name })
      if (duplicates > 0) messages.note(words.sessions.keptOnce(format.count(duplicates)))
      return entry
    })
  }

  /** Opens dropped folders and archives, one after another. */
  async openPaths(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      await this.#openAfter('import', () => this.#laboratory.engine.invoke('sessions.openPath', { path }))
    }
  }

  async takeArrived(): Promise<void> {
    const paths = await this.#laboratory.attempt(() => this.#laboratory.engine.invoke('sessions.arrived'))
    if (paths !== undefined && paths.length > 0) await this.openPaths(paths)
  }

  async cancel(): Promise<void> {
    await this.#laboratory.attempt(() => this.#laboratory.engine.invoke('sessions.cancelTransfer'))
  }

  /** Shows the session that comes out of it. */
  async #openAfter(kind: TransferKind, work: () => Promise<SessionEntry | null>): Promise<void> {
    const entry = await this.#during(kind, work)
    if (entry == null) return
    await this.#laboratory.refreshSessions()
    await this.#laboratory.openSession(entry.manifest.id)
    this.#laboratory.page = 'sessions'
  }

  async #during<Outcome>(kind: TransferKind, work: () => Promise<Outcome>): Promise<Outcome | undefined> {
    this.kind = kind
    this.advance(0, 0)
    try {
      return await work()
    } catch (error) {
      // Whoever cancelled it knows.
      if (!(error instanceof EspalierError && error.kind === 'cancelled')) {
        this.#laboratory.messages.error(this.#laboratory.words.common.failed, error)
      }
      return undefined
    } finally {
      this.kind = null
    }
  }
}
