import { readdir } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { isLeftover } from '../files/replace-file'
import { EspalierError } from '../contract/commands'
import { formatVersions, type RunManifest, type SessionContents, type SessionManifest } from '../contract/records'
import { readCheckpoints } from './checkpoints'
import { isIdentifier } from './identifiers'
import { errorText } from './json-file'
import { readSessionManifest } from './migrations'
import { readCheckedManifest, readRounds } from './run-folder'
import { isSessionLocked } from './session-lock'

/** The manifest of a session without runs. */
export function newSessionManifest(id: string, name: string, now: Date): SessionManifest {
  const time = now.toISOString()
  return {
    formatVersion: formatVersions.session,
    id,
    name,
    notes: '',
    tags: [],
    createdAt: time,
    updatedAt: time,
    runs: [],
    runAnnotations: {},
  }
}

/** Folder of a run within a session. */
export function runFolder(sessionFolder: string, runId: string): string {
  return join(sessionFolder, 'runs', runId)
}

/**
 * Reads a session folder. Whatever is damaged is named in `damage`; the rest is there. A run that says it is queued or
 * running while no process runs the session is `interrupted`; `isRun` is for a caller that knows. Throws `refused` when a
 * newer Espalier wrote the session.
 */
export async function readSession(
  folder: string,
  id: string,
  isRun: () => Promise<boolean> = () => isSessionLocked(folder),
): Promise<SessionContents> {
  const { manifest, damage: damaged } = await readSessionFile(folder, id)
  const damage = [...damaged]
  const listed = manifest.runs.filter(isIdentifier)
  const onDisk = await unlistedRuns(folder, listed)
  // A run that the list does not know (yet) is shown behind the others rather than lost.
  const ids = [...new Set([...listed, ...onDisk])]

  const runs: RunManifest[] = []
  for (const [index, read] of (await Promise.all(ids.map((runId) => readListed(folder, runId)))).entries()) {
    if (read.problem !== null) damage.push(`runs/${ids[index]}/run.json: ${read.problem}`)
    if (read.run !== null) runs.push(read.run)
  }
  const shown = await withInterruptions(folder, runs, isRun)
  return {
    manifest: { ...manifest, runs: shown.map((run) => run.id) },
    folder,
    runStates: shown.map((run) => run.state),
    methods: [...new Set(shown.map((run) => run.experiment.method))],
    damage,
    runs: shown,
  }
}

/** `session.json` alone, with what is wrong with it. Throws `refused` when a newer Espalier wrote it. */
export async function readSessionFile(
  folder: string,
  id: string,
): Promise<{ readonly manifest: SessionManifest; readonly damage: readonly string[] }> {
  try {
    const { value, problem } = await readSessionManifest(join(folder, 'session.json'))
    return { manifest: { ...value, id }, damage: problem === null ? [] : [`session.json: ${problem}`] }
  } catch (error) {
    if (error instanceof EspalierError) throw error
    const manifest = newSessionManifest(id, basename(folder), new Date(0))
    return { manifest, damage: [`session.json: ${errorText(error)}`] }
  }
}

/** The manifest of a run, if it can be read, and what is wrong with it. */
async function readListed(folder: string, runId: string): Promise<{ run: RunManifest | null; problem: string | null }> {
  try {
    const { value, problem } = await readCheckedManifest(runFolder(folder, runId))
    return { run: { ...value, id: runId }, problem }
  } catch (error) {
    return { run: null, problem: errorText(error) }
  }
}

/** One run as `readSession` shows it. Throws `not-found`. */
export async function readRun(sessionFolder: string, runId: string): Promise<RunManifest> {
  const { run, problem } = isIdentifier(runId)
    ? await readListed(sessionFolder, runId)
    : { run: null, problem: 'not an id' }
  if (run === null) {
    throw new EspalierError('not-found', `There is no run ${runId} in ${sessionFolder}: ${problem ?? 'missing'}.`)
  }
  const [shown] = await withInterruptions(sessionFolder, [run], () => isSessionLocked(sessionFolder))
  return shown
}

/** `readRun` for whoever writes the manifest next: `refused` when that would hide that it was changed from outside. */
export async function readRunToChange(sessionFolder: string, runId: string): Promise<RunManifest> {
  const run = await readRun(sessionFolder, runId)
  const { problem } = await readListed(sessionFolder, runId)
  if (problem !== null) {
    throw new EspalierError(
      'refused',
      `runs/${runId}/run.json: ${problem}. Put back the file as it was, or launch the experiment anew.`,
    )
  }
  return run
}

/**
 * Runs that lie in a session and that its list does not name, in the order of their launch. A folder without a file is what
 * a launch left behind that died before it had written the run.
 */
export async function unlistedRuns(folder: string, listed: readonly string[]): Promise<string[]> {
  const known = new Set(listed)
  const entries = await readdir(join(folder, 'runs'), { withFileTypes: true }).catch(() => [])
  const names = entries
    .filter((entry) => entry.isDirectory() && isIdentifier(entry.name) && !known.has(entry.name))
    .map((entry) => entry.name)
  const files = await Promise.all(names.map((name) => readdir(runFolder(folder, name)).catch(() => ['?'])))
  return names.filter((_, index) => !files[index].every(isLeftover)).sort(byNumber.compare)
}

const byNumber = new Intl.Collator('en', { numeric: true })

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
