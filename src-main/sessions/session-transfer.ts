import { copyFile, constants, mkdir, readFile, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EspalierError, type ExportedSession, type MergedSession } from '../contract/commands'
import type { RunAnnotation, RunManifest, SessionContents, SessionEntry } from '../contract/records'
import { readArchive, sessionFiles, writeArchive, type TransferOptions } from './archive'
import { newIdentifier } from './identifiers'
import { writeSealed } from './json-file'
import { newSessionManifest, runFolder } from './read-session'
import { runFiles, writeManifest } from './run-folder'
import { lockSession } from './session-lock'
import type { SessionStore } from './session-store'

/** Writes a session into one file. Throws `busy` while it is being run. */
export async function exportSession(
  store: SessionStore,
  id: string,
  file: string,
  options: TransferOptions = {},
): Promise<ExportedSession> {
  const folder = await store.folderOf(id)
  await whileAtRest(folder, () => writeArchive(folder, file, options))
  return { file, bytes: (await stat(file)).size }
}

/** Opens a session folder where it lies, or makes a session of an archive. Throws `refused` when it is neither. */
export async function openSessionPath(
  store: SessionStore,
  path: string,
  options: TransferOptions = {},
): Promise<SessionEntry> {
  const found = await stat(path).catch(() => null)
  if (found === null) throw new EspalierError('not-found', `${path} does not exist.`)
  if (found.isDirectory()) return store.locate(path)
  return store.adopt((folder) => readArchive(path, folder, options))
}

/** A copy of a session under a new id. Throws `busy` while it is being run. */
export async function duplicateSession(
  store: SessionStore,
  id: string,
  name: string,
  options: TransferOptions = {},
): Promise<SessionEntry> {
  const source = await store.open(id)
  return store.adopt(
    (folder) =>
      whileAtRest(source.folder, async () => {
        await copyFiles(await filesToCopy(source.folder, folder), options)
        await writeSealed(join(folder, 'session.json'), source.manifest)
      }),
    (manifest) => ({ ...manifest, id: newIdentifier(), name, ...now() }),
  )
}

/**
 * A new session with copies of the runs of others, in their order. A run that is in several of them unchanged comes once;
 * different runs that have the same id get ids of their own. Throws `busy` while one of them is being run.
 */
export async function mergeSessions(
  store: SessionStore,
  ids: readonly string[],
  name: string,
  options: TransferOptions = {},
): Promise<MergedSession> {
  const sources: SessionContents[] = []
  for (const id of new Set(ids)) sources.push(await store.open(id))
  if (sources.length < 2) throw new EspalierError('wrong-input', 'sessionIds: name at least two different sessions')
  const kept = new Map<string, { readonly folder: string; readonly run: RunManifest }>()
  const annotations: Partial<Record<string, RunAnnotation>> = {}
  let duplicates = 0
  const place = async (source: SessionContents) => {
    for (const run of source.runs) {
      const folder = runFolder(source.folder, run.id)
      const known = kept.get(run.id)
      const isTwin = known !== undefined && (await isSameRun(known.folder, folder))
      const id = known === undefined || isTwin ? run.id : newIdentifier()
      if (isTwin) duplicates++
      else kept.set(id, { folder, run })
      annotations[id] ??= source.manifest.runAnnotations[run.id]
    }
  }
  const entry = await store.adopt(async (folder) => {
    await whileAllAtRest(
      sources.map((source) => source.folder),
      async () => {
        for (const source of sources) await place(source)
        const files: Copy[] = []
        for (const [id, { folder: from }] of kept) files.push(...(await filesToCopy(from, runFolder(folder, id))))
        await copyFiles(files, options)
        for (const [id, { run }] of kept) await writeManifest(runFolder(folder, id), { ...run, id })
      },
    )
    const manifest = newSessionManifest(newIdentifier(), name, new Date())
    await writeSealed(join(folder, 'session.json'), {
      ...manifest,
      notes: sources.flatMap(({ manifest: { notes } }) => (notes === '' ? [] : [notes])).join('\n\n'),
      tags: [...new Set(sources.flatMap(({ manifest: { tags } }) => tags))].slice(0, 30),
      runs: [...kept.keys()],
      runAnnotations: annotations,
    })
  })
  return { entry, duplicates }
}

/** Copies of one run have the same records: these hold what was computed, and the seconds it took. */
async function isSameRun(a: string, b: string): Promise<boolean> {
  const records = (folder: string) =>
    Promise.all(
      [runFiles.rounds, runFiles.topology].map((name) => readFile(join(folder, name)).catch(() => Buffer.alloc(0))),
    )
  const [left, right] = await Promise.all([records(a), records(b)])
  return left.every((bytes, index) => bytes.equals(right[index]))
}

interface Copy {
  readonly from: string
  readonly to: string
}

async function filesToCopy(from: string, to: string): Promise<Copy[]> {
  return (await sessionFiles(from)).map((path) => ({ from: join(from, path), to: join(to, path) }))
}

async function copyFiles(files: readonly Copy[], { onProgress, signal }: TransferOptions): Promise<void> {
  const sizes = await Promise.all(files.map(async ({ from }) => (await stat(from)).size))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  let done = 0
  for (const [index, { from, to }] of files.entries()) {
    signal?.throwIfAborted()
    await mkdir(dirname(to), { recursive: true })
    await copyFile(from, to, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
    done += sizes[index]
    onProgress?.(done, total)
  }
}

/** Does something with a session that nobody runs meanwhile. */
async function whileAtRest(folder: string, work: () => Promise<void>): Promise<void> {
  const lost = new AbortController()
  const lock = await lockSession(folder, (reason) => {
    lost.abort(reason)
  })
  try {
    await work()
    lost.signal.throwIfAborted()
  } finally {
    if (!lost.signal.aborted) await lock.release()
  }
}

function whileAllAtRest(folders: readonly string[], work: () => Promise<void>): Promise<void> {
  return folders.reduceRight<() => Promise<void>>((inner, folder) => () => whileAtRest(folder, inner), work)()
}

function now() {
  const time = new Date().toISOString()
  return { createdAt: time, updatedAt: time }
}
