import { access, constants, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import type { ComparedRun } from '../contract/comparison'
import { EspalierError } from '../contract/commands'
import type { DeviceChoice } from '../contract/devices'
import type { Experiment } from '../contract/experiment'
import { isSameExperiment } from '../contract/sweep'
import { isResumable, type RunManifest, type SessionContents } from '../contract/records'
import { DatasetStore } from '../datasets/dataset-store'
import { exists } from '../files/exists'
import { replaceFile } from '../files/replace-file'
import { forkDevices } from '../host/devices/fork-devices'
import { comparisonTable } from '../report/comparison-table'
import { seedCsv } from '../report/seed-csv'
import { Laboratory } from '../runs/laboratory'
import { dataHome } from '../sessions/home'
import { exitCodes } from './exit-codes'
import { wrongInput } from './experiment-flags'
import { ProgressDisplay } from './progress-display'
import { runJson, runsJson } from './results'

export interface TrainingOptions {
  readonly workers: number | null
  readonly json: boolean
  readonly outfile: string | null
}

/** The laboratory of this user, which shares sessions and data sets with the window. */
export function openLaboratory(workers: number | null = null): Promise<Laboratory> {
  const home = dataHome()
  return Laboratory.open({
    home,
    workers,
    datasets: new DatasetStore(home.datasetsFolder),
    connectDevice: forkDevices(home.tensorflowFolder),
  })
}

/** A session by its folder or its id. Throws `not-found`. */
export async function findSession(laboratory: Laboratory, place: string): Promise<SessionContents> {
  const isFolder = await exists(join(place, 'session.json'))
  if (!isFolder && !/^[A-Za-z0-9_-]{1,64}$/.test(place))
    throw wrongInput('session', place, 'a session folder (with session.json) or a session id')
  const id = isFolder ? (await laboratory.sessions.attach(place)).manifest.id : place
  return laboratory.ask('sessions.open', { sessionId: id })
}

/** Runs experiments in a new session or in the one at `sessionFolder`; reports those that it had already with the new. */
export async function train(
  request: {
    readonly experiments: readonly Experiment[]
    readonly sessionFolder: string | null
    readonly sessionName?: string
    /** What is printed of the runs in place of the comparison of the arms. */
    readonly results?: Results
  },
  options: TrainingOptions,
): Promise<number> {
  return withLaboratory(
    options,
    async (laboratory) => {
      const sessionId = request.sessionFolder === null ? null : await sessionAt(laboratory, request.sessionFolder)
      const known = sessionId === null ? [] : (await laboratory.ask('sessions.open', { sessionId })).runs
      const session = await laboratory.ask('runs.launch', {
        sessionId,
        sessionName: request.sessionName ?? null,
        experiments: [...request.experiments],
      })
      if (session.alreadyThere > 0) console.error(`${session.alreadyThere} of these runs are in the session already.`)
      const started = session.runs.filter(({ id }) => !known.some((old) => old.id === id))
      const reported = session.runs.filter((run) =>
        request.experiments.some((experiment) => isSameExperiment(experiment, run.experiment)),
      )
      return { session, started, reported }
    },
    request.results,
  )
}

/** Goes on with every run of a session that was stopped, on a device if one is given, and reports the whole session. */
export function resume(place: string, device: DeviceChoice | null, options: TrainingOptions): Promise<number> {
  return withLaboratory(options, async (laboratory) => {
    const session = await findSession(laboratory, place)
    const stopped = session.runs.filter(({ state }) => isResumable(state))
    if (stopped.length === 0) console.error('Every run of this session has ended; there is nothing to resume.')
    const { id: sessionId } = session.manifest
    for (const { id: runId } of stopped)
      await laboratory.ask('runs.resume', { sessionId, runId, ...(device && { device }) })
    return { session, started: stopped, reported: session.runs }
  })
}

/** Another way to print the runs. */
interface Results {
  readonly table: (runs: readonly ComparedRun[]) => string
  readonly json: (runs: readonly ComparedRun[]) => object
}

interface Work {
  readonly session: SessionContents
  /** The runs to wait for. */
  readonly started: readonly RunManifest[]
  /** The runs that the table, the JSON and the outfile are about. */
  readonly reported: readonly RunManifest[]
}

/** Starts work, shows it until it ends or Ctrl-C stops it at its last checkpoint, and reports. Returns the exit code. */
async function withLaboratory(
  options: TrainingOptions,
  start: (laboratory: Laboratory) => Promise<Work>,
  results?: Results,
): Promise<number> {
  await checkOutfile(options.outfile)
  const laboratory = await openLaboratory(options.workers)
  const early: Parameters<ProgressDisplay['show']>[0][] = []
  let display: ProgressDisplay | null = null
  laboratory.onEvent((event) => {
    if (display === null) early.push(event)
    else display.show(event)
  })
  const interruption = new AbortController()
  const interrupt = () => {
    if (interruption.signal.aborted) process.exit(exitCodes.interrupted)
    interruption.abort()
    console.error('\nStopping at the last checkpoint…')
    void laboratory.close()
  }
  process.on('SIGINT', interrupt)
  process.on('SIGTERM', interrupt)
  try {
    const { session, started, reported } = await start(laboratory)
    const sessionId = session.manifest.id
    display = new ProgressDisplay(started)
    console.error(`Session: ${session.folder}`)
    for (const event of early) display.show(event)
    const ended: RunManifest[] = []
    for (const { id } of started) ended.push(await laboratory.settled(sessionId, id))
    display.close()
    const compared = (await laboratory.comparedRuns(sessionId)).filter(({ manifest }) =>
      reported.some(({ id }) => id === manifest.id),
    )
    if (options.outfile !== null) await writeOutfile(laboratory, sessionId, compared, options.outfile)
    report(compared, session.folder, options.json, results)
    return exitCodeOf(ended, session.folder)
  } catch (error) {
    // Whoever stops the program before its first run is queued need not hear that no run could be queued.
    if (!interruption.signal.aborted) throw error
    return exitCodes.interrupted
  } finally {
    display?.close()
    process.off('SIGINT', interrupt)
    process.off('SIGTERM', interrupt)
    await laboratory.close()
  }
}

function report(runs: readonly ComparedRun[], sessionFolder: string, asJson: boolean, results?: Results): void {
  if (asJson) {
    const plain = runs.length === 1 ? runJson(runs[0], sessionFolder) : runsJson(runs, sessionFolder)
    console.log(JSON.stringify(results === undefined ? plain : { ...results.json(runs), ...plain }))
  } else {
    console.log(`\n${results?.table(runs) ?? comparisonTable(runs, 'md')}\nSession: ${sessionFolder}`)
  }
}

function exitCodeOf(runs: readonly RunManifest[], sessionFolder: string): number {
  const isInterrupted = runs.some(({ state }) => state === 'paused')
  const failed = runs.find(({ state }) => state === 'failed')
  // Where not even the failure could be saved, the run is found as if its process had died.
  const isUnsaved = failed === undefined && runs.some(({ state }) => state === 'interrupted')
  if (isInterrupted || isUnsaved) {
    console.error(
      `Interrupted; go on with: npx espalier resume ${/\s/.test(sessionFolder) ? JSON.stringify(sessionFolder) : sessionFolder}`,
    )
    return exitCodes.interrupted
  }
  if (failed === undefined) return exitCodes.done
  console.error(`error: ${failed.message}`)
  return exitCodes.failed
}

async function sessionAt(laboratory: Laboratory, folder: string): Promise<string> {
  if (await exists(join(folder, 'session.json'))) return (await laboratory.sessions.attach(folder)).manifest.id
  const name = resolve(folder).split(/[\\/]/).at(-1) ?? folder
  return (await laboratory.sessions.create(name, folder)).manifest.id
}

async function writeOutfile(
  laboratory: Laboratory,
  sessionId: string,
  runs: readonly ComparedRun[],
  outfile: string,
): Promise<void> {
  const tables: string[] = []
  for (const { manifest } of runs) {
    const { rounds, topology } = await laboratory.ask('runs.records', { sessionId, runId: manifest.id })
    const table = seedCsv(manifest.experiment, rounds, topology)
    // One heading for all runs.
    tables.push(tables.length === 0 ? table : table.slice(table.indexOf('\n') + 1))
  }
  await replaceFile(outfile, tables.join(''))
}

/** A run of hours must not end in a file that cannot be written. */
async function checkOutfile(outfile: string | null): Promise<void> {
  if (outfile === null) return
  const refuse = (why: string) => wrongInput('--outfile', outfile, why)
  const folder = dirname(resolve(outfile))
  try {
    await access(folder, constants.W_OK)
  } catch {
    throw refuse(`a file in a folder that exists and can be written (${folder} cannot)`)
  }
  const known = await stat(outfile).catch(() => null)
  if (known?.isDirectory() === true) throw refuse('a file, not a folder')
}

/** Error kinds that the caller can mend by asking differently. */
export function isWrongInput(error: unknown): boolean {
  return error instanceof EspalierError && ['wrong-input', 'not-found', 'refused'].includes(error.kind)
}
