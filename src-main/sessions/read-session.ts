import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { EspalierError } from '../contract/commands'
import {
  sessionManifestSchema,
  type RunManifest,
  type SessionContents,
  type SessionManifest,
} from '../contract/records'
import { readCheckpoints } from './checkpoints'
import { isIdentifier } from './identifiers'
import { errorText, readJson } from './json-file'
import { readManifest, readRounds } from './run-folder'
import { isSessionLocked } from './session-lock'

/** Folder of a run within a session. */
export function runFolder(sessionFolder: string, runId: string): string {
  return join(sessionFolder, 'runs', runId)
}

/**
 * Reads a session folder. Whatever is damaged is named in `damage`; the rest is there. A run that says it is queued or
 * running while no process runs the session is `interrupted`; `isRun` is for a caller that knows.
 */
export async function readSession(
  folder: string,
  id: string,
  isRun: () => Promise<boolean> = () => isSessionLocked(folder),
): Promise<SessionContents> {
  const damage: string[] = []
  let manifest: SessionManifest
  try {
    manifest = { ...(await readJson(join(folder, 'session.json'), sessionManifestSchema)), id }
  } catch (error) {
    damage.push(`session.json: ${errorText(error)}`)
    const unknown = new Date(0).toISOString()
    manifest = {
      formatVersion: 1,
      id,
      name: basename(folder),
      notes: '',
      createdAt: unknown,
      updatedAt: unknown,
      runs: [],
    }
  }
  const onDisk = await runIdsOnDisk(folder)
  const listed = manifest.runs.filter(isIdentifier)
  // A run that the list does not know (yet) is shown behind the others rather than lost.
  const ids = [...new Set([...listed, ...onDisk])]

  const runs: RunManifest[] = []
  for (const runId of ids) {
    try {
      runs.push({ ...(await readManifest(runFolder(folder, runId))), id: runId })
    } catch (error) {
      damage.push(`runs/${runId}/run.json: ${errorText(error)}`)
    }
  }
  const shown = await withInterruptions(folder, runs, isRun)
  return {
    manifest: { ...manifest, runs: shown.map((run) => run.id) },
    folder,
    runStates: shown.map((run) => run.state),
    damage,
    runs: shown,
  }
}

/** One run as `readSession` shows it. Throws `not-found`. */
export async function readRun(sessionFolder: string, runId: string): Promise<RunManifest> {
  const { runs } = await readSession(sessionFolder, 'session')
  const run = runs.find(({ id }) => id === runId)
  if (run === undefined) throw new EspalierError('not-found', `There is no run ${runId} in ${sessionFolder}.`)
  return run
}

async function runIdsOnDisk(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(join(folder, 'runs'), { withFileTypes: true })
    return entries
      .filter((entry) => entry.isDirectory() && isIdentifier(entry.name))
      .map((entry) => entry.name)
      .sort()
  } catch {
    return []
  }
}

async function withInterruptions(
  folder: string,
  runs: readonly RunManifest[],
  isRun: () => Promise<boolean>,
): Promise<RunManifest[]> {
  const claimsLife = (run: RunManifest) => run.state === 'running' || run.state === 'queued'
  if (!runs.some(claimsLife) || (await isRun())) return [...runs]
  return Promise.all(
    runs.map(async (run): Promise<RunManifest> => {
      if (!claimsLife(run)) return run
      return { ...run, state: 'interrupted', roundsDone: await resumableRounds(runFolder(folder, run.id)) }
    }),
  )
}

/** Rounds that a resumed run need not repeat. */
async function resumableRounds(folder: string): Promise<number> {
  const [{ found }, rounds] = await Promise.all([readCheckpoints(folder), readRounds(folder)])
  return Math.min(found.at(0)?.state.nextRound ?? 0, rounds.intact)
}
