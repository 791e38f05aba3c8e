import type { Experiment } from '../contract/experiment'
import type { RunManifest } from '../contract/records'
import { isSameExperiment } from '../contract/sweep'
import { newIdentifiers } from '../sessions/identifiers'
import { versions } from './versions'

/** The experiments that are neither among the runs, failed and cancelled ones aside, nor twice in the list. */
export function newExperiments(asked: readonly Experiment[], runs: readonly RunManifest[]): Experiment[] {
  const known = runs.flatMap(({ state, experiment }) =>
    state === 'failed' || state === 'cancelled' ? [] : [experiment],
  )
  return asked.filter((experiment) => {
    if (known.some((other) => isSameExperiment(experiment, other))) return false
    known.push(experiment)
    return true
  })
}

/** Manifests of new runs, in order. */
export function newRuns(experiments: readonly Experiment[]): RunManifest[] {
  const now = new Date()
  const ids = newIdentifiers(experiments.length, now)
  return experiments.map((experiment, index) => ({
    formatVersion: 1,
    id: ids[index],
    experiment,
    state: 'queued',
    message: '',
    createdAt: now.toISOString(),
    updatedAt: now.toISOString(),
    roundsDone: 0,
    dataSha256: null,
    weightsSha256: null,
    trainer: '',
    devices: [],
    summary: null,
    versions: versions(),
  }))
}
