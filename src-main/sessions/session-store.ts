import { createHash } from 'node:crypto'
import { mkdir, readdir, rename, rm } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { z } from 'zod'
import { EspalierError } from '../contract/commands'
import type { RunAnnotation, RunManifest, SessionContents, SessionEntry, SessionManifest } from '../contract/records'
import { exists } from '../files/exists'
import { setAside } from '../files/set-aside'
import { isIdentifier, newIdentifier } from './identifiers'
import { errorText, readJson, writeJson, writeSealed } from './json-file'
import { readSessionManifest } from './migrations'
import { newSessionManifest, readSession, readSessionFile, runFolder, unlistedRuns } from './read-session'
import { writeManifest } from './run-folder'
import { isSessionLocked } from './session-lock'

export interface SessionChanges {
  readonly name?: string | undefined
  readonly notes?: string | undefined
  readonly tags?: readonly string[] | undefined
}

const locatedSchema = z.object({ folders: z.array(z.string()) })

/**
 * All sessions: the folders in the sessions folder, whose names are their ids, and folders elsewhere that were located. A
 * located session keeps the id in its `session.json` unless another session has it.
 */
export class SessionStore {
  readonly folder: string
  /** Folders outside the sessions folder that are known in this process only. */
  readonly #attached = new Set<string>()
  /** Located folders taken off the list, for `restore`. */
  readonly #forgotten = new Map<string, string>()
  #changes: Promise<void> = Promise.resolve()

  constructor(sessionsFolder: string) {
    this.folder = resolve(sessionsFolder)
  }

  /** Every session, newest first. */
  async list(): Promise<SessionEntry[]> {
    const entries = await Promise.all([...(await this.#index())].map(([id, folder]) => listed(folder, id)))
    return entries.sort((a, b) => b.manifest.createdAt.localeCompare(a.manifest.createdAt))
  }

  async open(id: string): Promise<SessionContents> {
    return readSession(await this.folderOf(id), id)
  }

  /** Absolute folder of a session. Throws `not-found` for an unknown id. */
  async folderOf(id: string): Promise<string> {
    const own = join(this.folder, id)
    // A session at its usual place is found without a look at the others.
    if (isIdentifier(id) && (await isSessionFolder(own))) return own
    const folder = (await this.#index()).get(id)
    if (folder === undefined) throw new EspalierError('not-found', `There is no session ${id} in ${this.folder}.`)
    return folder
  }

  /** Absolute folder of a run. Throws `not-found` for an unknown session; the run need not exist. */
  async runFolderOf(sessionId: string, runId: string): Promise<string> {
    if (!isIdentifier(runId)) throw new EspalierError('wrong-input', `runId: ${runId} is not an id`)
    return runFolder(await this.folderOf(sessionId), runId)
  }

  /** Creates a session, by default in the sessions folder; `folder` may name any empty or missing folder. */
  async create(name: string, folder?: string): Promise<SessionEntry> {
    const id = newIdentifier()
    const place = folder === undefined ? join(this.folder, id) : resolve(folder)
    await mkdir(place, { recursive: true })
    if (!(await isBlank(place))) {
      throw new EspalierError('refused', `${place} is not empty; name an empty folder or an existing session.`)
    }
    const manifest = newSessionManifest(id, name, new Date())
    try {
      await mkdir(join(place, 'runs'), { recursive: true })
      await writeSealed(join(place, 'session.json'), manifest)
    } catch (error) {
      await rm(join(place, 'runs'), { recursive: true, force: true })
      if (folder === undefined) await rm(place, { recursive: true, force: true })
      throw error
    }
    if (folder !== undefined) return this.attach(place)
    return { manifest, folder: place, runStates: [], methods: [], damage: [] }
  }

  /** Makes a session folder anywhere known to this process. Throws `not-found` when it is not one. */
  async attach(folder: string): Promise<SessionEntry> {
    const place = resolve(folder)
    if (!(await isSessionFolder(place))) {
      throw new EspalierError('not-found', `${place} is not a session folder: it has no session.json.`)
    }
    if (!this.#isOwn(place)) this.#attached.add(place)
    const id = [...(await this.#index())].find(([, known]) => known === place)?.[0]
    if (id === undefined) throw new EspalierError('refused', `${place}: the folder name cannot be used as an id.`)
    return entryOf(await readSession(place, id))
  }

  /** `attach`, and remembers the folder for the next start. */
  async locate(folder: string): Promise<SessionEntry> {
    const entry = await this.attach(folder)
    const located = await this.#located()
    if (!this.#isOwn(entry.folder) && !located.includes(entry.folder)) {
      await this.#writeLocated([...located, entry.folder])
    }
    return entry
  }

  async update(id: string, changes: SessionChanges): Promise<SessionEntry> {
    await this.#change(id, (manifest) => ({
      ...manifest,
      name: changes.name ?? manifest.name,
      notes: changes.notes ?? manifest.notes,
      tags: changes.tags === undefined ? manifest.tags : [...new Set(changes.tags)],
    }))
    return entryOf(await this.open(id))
  }

  /** Sets tags and notes of runs; a run with neither is left without. */
  async annotate(id: string, annotations: ReadonlyMap<string, RunAnnotation>): Promise<SessionEntry> {
    await this.#change(id, (manifest) => {
      const all = { ...manifest.runAnnotations, ...Object.fromEntries(annotations) }
      const kept = Object.entries(all).filter(
        ([, one]) => one !== undefined && (one.tags.length > 0 || one.notes !== ''),
      )
      return { ...manifest, runAnnotations: Object.fromEntries(kept) }
    })
    return entryOf(await this.open(id))
  }

  /** Writes the manifests of new runs, then lists them behind the others. */
  async addRuns(id: string, runs: readonly RunManifest[]): Promise<void> {
    try {
      // An earlier launch may have died before its runs were in the list; they come first.
      const folder = await this.folderOf(id)
      const earlier = await unlistedRuns(folder, (await readSessionFile(folder, id)).manifest.runs)
      for (const run of runs) await this.writeRun(id, run)
      await this.#change(id, (manifest) => ({
        ...manifest,
        runs: [...new Set([...manifest.runs, ...earlier, ...runs.map((run) => run.id)])],
      }))
    } catch (error) {
      // Half of what was asked for would look like all of it.
      for (const run of runs) await rm(await this.runFolderOf(id, run.id), { recursive: true, force: true })
      throw error
    }
  }

  async writeRun(sessionId: string, run: RunManifest): Promise<void> {
    await writeManifest(await this.runFolderOf(sessionId, run.id), run)
  }

  /** Moves the session aside; a located one is only taken off the list. Throws `busy` while it is being run. */
  async remove(id: string): Promise<void> {
    const folder = await this.folderOf(id)
    if (await isSessionLocked(folder)) {
      throw new EspalierError('busy', 'The session is being run; pause or cancel its runs before deleting it.')
    }
    if (!this.#isOwn(folder)) {
      this.#attached.delete(folder)
      await this.#writeLocated((await this.#located()).filter((other) => other !== folder))
      this.#forgotten.set(id, folder)
      return
    }
    await mkdir(this.#trash, { recursive: true })
    await rename(folder, join(this.#trash, id))
  }

  /** Brings a session back that `remove` moved aside. */
  async restore(id: string): Promise<SessionEntry> {
    const forgotten = this.#forgotten.get(id)
    if (forgotten !== undefined) {
      this.#forgotten.delete(id)
      return this.locate(forgotten)
    }
    const aside = join(this.#trash, id)
    if (!isIdentifier(id) || !(await exists(aside))) {
      throw new EspalierError('not-found', `There is no deleted session ${id} to restore.`)
    }
    const place = join(this.folder, id)
    if (await exists(place)) throw new EspalierError('refused', `${place} exists; move it before restoring ${id}.`)
    await rename(aside, place)
    return entryOf(await readSession(place, id))
  }

  /**
   * Makes a session out of a folder that `fill` writes: it gets a place in the sessions folder as a whole or not at all.
   * Its own id is kept where it is free. `change` is applied to its manifest.
   */
  async adopt(
    fill: (folder: string) => Promise<void>,
    change: (manifest: SessionManifest) => SessionManifest = (manifest) => manifest,
  ): Promise<SessionEntry> {
    await mkdir(this.folder, { recursive: true })
    const staging = join(this.folder, `.incoming-${newIdentifier()}`)
    try {
      await fill(staging)
      const manifest = change((await readSessionManifest(join(staging, 'session.json'))).value)
      const isFree = isIdentifier(manifest.id) && !(await this.#index()).has(manifest.id)
      const id = isFree ? manifest.id : newIdentifier()
      await mkdir(join(staging, 'runs'), { recursive: true })
      await writeSealed(join(staging, 'session.json'), { ...manifest, id })
      await rename(staging, join(this.folder, id))
      return entryOf(await this.open(id))
    } finally {
      await rm(staging, { recursive: true, force: true })
    }
  }

  /** Deletes for good what was moved aside. */
  async purge(): Promise<void> {
    await rm(this.#trash, { recursive: true, force: true })
  }

  get #trash(): string {
    return join(this.folder, '.trash')
  }

  #isOwn(folder: string): boolean {
    return dirname(folder) === this.folder
  }

  /** Folder of every id. */
  async #index(): Promise<Map<string, string>> {
    const index = new Map<string, string>()
    if (await exists(this.folder)) {
      for (const entry of await readdir(this.folder, { withFileTypes: true })) {
        if (!entry.isDirectory() || !isIdentifier(entry.name)) continue
        const folder = join(this.folder, entry.name)
        if (await isSessionFolder(folder)) index.set(entry.name, folder)
      }
    }
    for (const folder of new Set([...(await this.#located()), ...this.#attached])) {
      if (!(await exists(folder))) continue
      const own = await ownId(folder)
      index.set(own !== null && !index.has(own) ? own : pathId(folder), folder)
    }
    return index
  }

  get #locatedFile(): string {
    return join(this.folder, '.located.json')
  }

  async #located(): Promise<string[]> {
    try {
      return (await readJson(this.#locatedFile, locatedSchema)).folders
    } catch {
      // Missing before the first use; a damaged list loses no session, only its place on the list.
      return []
    }
  }

  async #writeLocated(folders: readonly string[]): Promise<void> {
    await mkdir(this.folder, { recursive: true })
    await writeJson(this.#locatedFile, { folders })
  }

  async #change(id: string, change: (manifest: SessionManifest) => SessionManifest): Promise<void> {
    const work = async () => {
      const folder = await this.folderOf(id)
      const file = join(folder, 'session.json')
      const { manifest, damage } = await readSessionFile(folder, id)
      if (damage.length > 0 && (await exists(file))) await setAside(file)
      await writeSealed(file, { ...change(manifest), updatedAt: new Date().toISOString() })
    }
    // One after the other: a note written while runs are being added must not take them off the list.
    const turn = this.#changes.then(work)
    this.#changes = turn.catch(() => undefined)
    await turn
  }
}

/** A session as the list shows it; one that this version cannot open says so there. */
async function listed(folder: string, id: string): Promise<SessionEntry> {
  try {
    return entryOf(await readSession(folder, id))
  } catch (error) {
    const manifest = newSessionManifest(id, basename(folder), new Date(0))
    return { manifest, folder, runStates: [], methods: [], damage: [errorText(error)] }
  }
}

/** What a list shows of a session: everything but the runs' manifests. */
function entryOf({ manifest, folder, runStates, methods, damage }: SessionContents): SessionEntry {
  return { manifest, folder, runStates, methods, damage }
}

async function ownId(folder: string): Promise<string | null> {
  try {
    const { id } = (await readSessionManifest(join(folder, 'session.json'))).value
    return isIdentifier(id) ? id : null
  } catch {
    return null
  }
}

/** Whether a folder is empty, or holds no more than a creation that was cut off. */
async function isBlank(folder: string): Promise<boolean> {
  for (const name of await readdir(folder)) {
    const isLeft =
      name === 'runs' ? (await readdir(join(folder, name))).length === 0 : /^session\.json\..*\.tmp$/.test(name)
    if (!isLeft) return false
  }
  return true
}

function pathId(folder: string): string {
  const name = basename(folder)
    .replace(/[^A-Za-z0-9_-]/g, '-')
    .slice(0, 40)
  return `${name}-${createHash('sha256').update(folder).digest('hex').slice(0, 8)}`
}

async function isSessionFolder(folder: string): Promise<boolean> {
  return (await exists(join(folder, 'session.json'))) || exists(join(folder, 'runs'))
}
