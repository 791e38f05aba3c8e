import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import type { RunManifest } from '../../src-main/contract/records'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { SyntheticDatasets } from '../runs/synthetic-datasets'
import { settings } from './settings'

/** A laboratory within this process, on data small enough that a run takes a fraction of a second. */
export async function openBench(folder = mkdtempSync(join(tmpdir(), 'espalier-faults-')), workerUrl?: URL) {
  const laboratory = await Laboratory.open({
    home: dataHome(folder),
    datasets: new SyntheticDatasets(),
    workers: 1,
    workerUrl: workerUrl ?? pathToFileURL(join(settings.application, 'out/main/training-worker.js')),
  })
  return {
    folder,
    laboratory,
    launch: async (experiment: Experiment, sessionId: string | null = null) => {
      const { manifest, runs } = await laboratory.ask('runs.launch', {
        sessionId,
        sessionName: 'faults',
        experiments: [experiment],
      })
      return { sessionId: manifest.id, runId: runs[runs.length - 1].id }
    },
    end: async () => {
      await laboratory.close()
      rmSync(folder, { recursive: true, force: true })
    },
  }
}

/** Three rounds with an update after each that may have one. */
export function tinyExperiment(changes: ExperimentInput = {}): Experiment {
  return experimentSchema.parse({
    model: 'lenet-300-100',
    totalClients: 4,
    clientsPerRound: 2,
    rounds: 3,
    readjustmentInterval: 1,
    rateDecayEnd: 3,
    evaluationInterval: 3,
    sparsity: 0.95,
    ...changes,
  })
}

/** The last state that a run reached, when it has ended. */
export function ended(laboratory: Laboratory, run: { sessionId: string; runId: string }): Promise<RunManifest> {
  return laboratory.settled(run.sessionId, run.runId)
}
