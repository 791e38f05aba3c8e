import { cpSync, rmSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import type { RunManifest } from '../../src-main/contract/records'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { readRunRecords } from '../../src-main/sessions/run-folder'
import { runFolder } from '../../src-main/sessions/read-session'
import { buildApplication, type BuiltApplication } from '../host/build-application'
import { SyntheticDatasets } from './synthetic-datasets'

/** A laboratory in a folder of its own, for the tests of one file. */
export interface Bench {
  readonly folder: string
  readonly datasets: SyntheticDatasets
  readonly laboratory: Laboratory
  readonly workerUrl: URL
  /** Every event so far. */
  readonly events: EspalierEvent[]
  /** Ends the laboratory and opens another one on the same folder. */
  reopen(): Promise<void>
}

export function useBench(): Bench {
  let application: BuiltApplication | null = null
  const bench = { folder: '', datasets: new SyntheticDatasets(), events: [] as EspalierEvent[] } as {
    -readonly [Key in keyof Bench]: Bench[Key]
  }
  const open = async () => {
    bench.laboratory = await Laboratory.open({
      home: dataHome(bench.folder),
      datasets: bench.datasets,
      workers: 2,
      workerUrl: bench.workerUrl,
    })
    bench.laboratory.onEvent((event) => bench.events.push(event))
  }
  bench.reopen = async () => {
    await bench.laboratory.close()
    await open()
  }
  beforeAll(async () => {
    application = await buildApplication('training-worker')
    bench.workerUrl = application.workerUrl
    bench.folder = await mkdtemp(join(tmpdir(), 'espalier-runs-'))
    await open()
  })
  afterAll(async () => {
    await bench.laboratory.close()
    await rm(bench.folder, { recursive: true, force: true })
    await application?.remove()
  })
  return bench
}

/** Six rounds with four topology updates, a fraction of a second. */
export function tinyExperiment(changes: ExperimentInput = {}): Experiment {
  return experimentSchema.parse({
    model: 'lenet-300-100',
    totalClients: 6,
    clientsPerRound: 3,
    rounds: 6,
    readjustmentInterval: 1,
    partition: 'dirichlet',
    evaluationInterval: 2,
    ...changes,
  })
}

/** Launches one run and gives its session and id. */
export async function launch(bench: Bench, experiment: Experiment, sessionId: string | null = null) {
  const { manifest, runs } = await bench.laboratory.ask('runs.launch', {
    sessionId,
    sessionName: null,
    experiments: [experiment],
  })
  const runId = runs[runs.length - 1].id
  return { sessionId: manifest.id, runId }
}

/** A session as it would lie on disk if the process died now. */
export function copyAsAfterCrash(sessionFolder: string, target: string): void {
  cpSync(sessionFolder, target, { recursive: true })
  rmSync(join(target, '.lock'), { recursive: true, force: true })
  rmSync(join(target, '.lock-owner.json'), { force: true })
}

/** Everything a run leaves behind that must be equal whenever the same run is made again. */
export async function traceOf(sessionFolder: string, run: RunManifest) {
  const folder = runFolder(sessionFolder, run.id)
  const { rounds, topology } = await readRunRecords(folder)
  const names = (await readdir(join(folder, 'masks'))).sort()
  return {
    state: run.state,
    roundsDone: run.roundsDone,
    weightsSha256: run.weightsSha256,
    // Wall-clock time is the one field that may differ.
    rounds: rounds.map((record) => ({ ...record, seconds: 0 })),
    topology,
    masks: await Promise.all(
      names.map(async (name) => [name, (await readFile(join(folder, 'masks', name))).toString('hex')]),
    ),
  }
}
