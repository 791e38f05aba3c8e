import { resolve } from 'node:path'
import cliProgress from 'cli-progress'
import prettyBytes from 'pretty-bytes'
import { EspalierError } from '../contract/commands'
import type { SessionEntry } from '../contract/records'
import type { Laboratory } from '../runs/laboratory'
import type { TransferOptions } from '../sessions/archive'
import { duplicateSession, exportSession, mergeSessions, openSessionPath } from '../sessions/session-transfer'
import { exitCodes } from './exit-codes'
import { wrongInput } from './experiment-flags'
import { findSession, openLaboratory } from './training'

/** `session list`: id, runs, date and name of every session, newest first; those that hold `words` in name, notes, tags or methods. */
export async function listSessions(words: string | undefined): Promise<number> {
  return withLaboratory(async ({ sessions }) => {
    const wanted = (words ?? '').toLowerCase()
    const found = (await sessions.list()).filter(({ manifest: { name, notes, tags }, methods }) =>
      [name, notes, ...tags, ...methods].some((text) => text.toLowerCase().includes(wanted)),
    )
    for (const { manifest, runStates, damage } of found) {
      const tags = manifest.tags.map((tag) => ` #${tag}`).join('')
      const warning = damage.length === 0 ? '' : `  ! ${damage[0]}`
      console.log(
        `${manifest.id.padEnd(24)} ${String(runStates.length).padStart(5)} runs  ${manifest.createdAt.slice(0, 10)}  ${manifest.name}${tags}${warning}`,
      )
    }
  })
}

/** `session export`: one file with checksums. */
export async function exportTo(place: string, file: string): Promise<number> {
  return withTransfer(async (laboratory, options) => {
    const { manifest } = await findSession(laboratory, place)
    const { bytes } = await exportSession(laboratory.sessions, manifest.id, resolve(file), options)
    console.log(`${resolve(file)} (${prettyBytes(bytes)})`)
  })
}

/** `session import`: unpacks an archive into the sessions folder. */
export async function importFrom(file: string): Promise<number> {
  return withTransfer(async (laboratory, options) => {
    report(await openSessionPath(laboratory.sessions, resolve(file), options))
  })
}

/** `session duplicate`. */
export async function duplicate(place: string, name: string | undefined): Promise<number> {
  return withTransfer(async (laboratory, options) => {
    const { manifest } = await findSession(laboratory, place)
    const copyName = checkedName(name ?? `${manifest.name.slice(0, 190)} (copy)`)
    report(await duplicateSession(laboratory.sessions, manifest.id, copyName, options))
  })
}

/** `session merge`. */
export async function merge(places: readonly string[], name: string | undefined): Promise<number> {
  return withTransfer(async (laboratory, options) => {
    const found = []
    for (const place of places) found.push((await findSession(laboratory, place)).manifest)
    const mergedName = checkedName(
      name ??
        found
          .map((manifest) => manifest.name)
          .join(' + ')
          .slice(0, 200),
    )
    const ids = found.map(({ id }) => id)
    const { entry, duplicates } = await mergeSessions(laboratory.sessions, ids, mergedName, options)
    if (duplicates > 0) console.error(`${duplicates} runs were in several sessions and are kept once`)
    report(entry)
  })
}

function report({ manifest, folder }: SessionEntry): void {
  console.log(`${manifest.id} in ${folder}`)
}

function checkedName(name: string): string {
  const trimmed = name.trim()
  if (trimmed === '' || trimmed.length > 200) throw wrongInput('--name', name, '1 to 200 characters')
  return trimmed
}

async function withLaboratory(work: (laboratory: Laboratory) => Promise<void>): Promise<number> {
  const laboratory = await openLaboratory()
  try {
    await work(laboratory)
    return exitCodes.done
  } finally {
    await laboratory.close()
  }
}

/** Work with a progress bar on a terminal; Ctrl-C ends it and leaves nothing behind. */
async function withTransfer(
  work: (laboratory: Laboratory, options: TransferOptions) => Promise<void>,
): Promise<number> {
  const stop = new AbortController()
  const interrupt = () => {
    stop.abort(new EspalierError('cancelled', 'interrupted; nothing was left behind'))
  }
  process.once('SIGINT', interrupt)
  process.once('SIGTERM', interrupt)
  const bar = process.stderr.isTTY
    ? new cliProgress.SingleBar({ format: '[{bar}] {percentage} %  {done} of {total_}', stream: process.stderr })
    : null
  let isShown = false
  const onProgress = (bytesDone: number, bytesTotal: number) => {
    const payload = { done: prettyBytes(bytesDone), total_: prettyBytes(bytesTotal) }
    if (isShown) bar?.update(bytesDone, payload)
    else bar?.start(bytesTotal, bytesDone, payload)
    isShown = true
  }
  try {
    return await withLaboratory(async (laboratory) => {
      try {
        await work(laboratory, { signal: stop.signal, onProgress })
      } finally {
        bar?.stop()
      }
    })
  } catch (error) {
    if (!stop.signal.aborted) throw error
    console.error('Interrupted; nothing was left behind.')
    return exitCodes.interrupted
  } finally {
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
  }
}
