import type { Experiment, ExperimentField } from '@contract/experiment'

/** Why runs fail, as far as something other than trying again helps. */
const causes = {
  diverged: /^Training diverged in round /,
  memory: / is out of memory\.|the memory is full; close other programs| MiB free; allowed: | MiB in the CPU trainer, /,
  disk: /the disk is full; |your share of the disk is used up; |the disk is read-only; |access is denied; |the file or its folder was moved or removed; |the disk does not answer properly; /,
  data: / files are not the ones this run started with, |^dataset: /,
  device: /^The device \S+ (cannot be used|was lost|failed): /,
  thread: /^A training thread ended unexpectedly/,
} as const satisfies Record<string, RegExp>

export type FailureCause = keyof typeof causes
export const failureCauses = Object.keys(causes) as FailureCause[]

/** The cause that the message of a failed run speaks of; null for one that nothing is known about. */
export function failureCause(message: string): FailureCause | null {
  return failureCauses.find((cause) => causes[cause].test(message)) ?? null
}

/** The set-up that a failed run should be tried with instead, and the field that differs; null where the set-up is not to blame. */
export function mendedExperiment(
  cause: FailureCause,
  experiment: Experiment,
): { readonly experiment: Experiment; readonly field: ExperimentField } | null {
  if (cause === 'diverged') {
    const learningRate = Number((experiment.learningRate / 10).toPrecision(3))
    return { experiment: { ...experiment, learningRate }, field: 'learningRate' }
  }
  if (cause === 'memory' && experiment.batchSize > 1)
    return { experiment: { ...experiment, batchSize: Math.floor(experiment.batchSize / 2) }, field: 'batchSize' }
  return null
}
