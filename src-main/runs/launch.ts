import { EspalierError, type CommandArguments } from '../contract/commands'
import { checkExperiment, methodNames, problemText, type Experiment } from '../contract/experiment'
import type { RunManifest } from '../contract/records'
import { newIdentifiers } from '../sessions/identifiers'
import { versions } from './versions'

type Request = Pick<CommandArguments<'runs.launch'>, 'experiment' | 'kind' | 'seeds'>

/**
 * The experiments of a launch: one per seed, or the four arms for every seed. Arms of one seed differ in the method alone, so
 * they share partition, client sampling and batches; they stand together so that complete comparisons come first.
 * Throws when one of them is not a valid experiment.
 */
export function plannedExperiments({ experiment, kind, seeds }: Request): Experiment[] {
  const methods = kind === 'ablation' ? methodNames : [experiment.method]
  return [...new Set(seeds)].flatMap((seed) =>
    methods.map((method) => {
      const check = checkExperiment({ ...experiment, method, seed })
      if (!check.ok) throw new EspalierError('wrong-input', check.problems.map(problemText).join('\n'))
      return check.experiment
    }),
  )
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
    summary: null,
    versions: versions(),
  }))
}
