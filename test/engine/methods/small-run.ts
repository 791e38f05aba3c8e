import type { Experiment } from '../../../src-main/contract/experiment'
import { createInProcessPool } from '../../../src-main/engine/federated/in-process-pool'
import { runExperiment } from '../../../src-main/engine/federated/round-loop'
import type { RunEvent } from '../../../src-main/engine/federated/run-events'
import { prepareModel } from '../../../src-main/engine/methods/prepare-model'
import { createSparseTrainer } from '../../../src-main/engine/trainer/sparse/sparse-trainer'
import { wasmKernels } from '../../trainer/sparse-kernels'
import { syntheticImages } from '../reference-trainer'

/** Images of 4 × 4 pixels in four classes that a small network tells apart after a few rounds. */
export const shape = [1, 4, 4] as const
export const classes = 4
export const train = syntheticImages(90, shape, classes, 'train')
export const test = syntheticImages(40, shape, classes, 'test')

/** A whole run of an experiment on them, with the sparse trainer on this thread. */
export async function runSmall(experiment: Experiment) {
  const { plan } = prepareModel(experiment, shape, classes)
  const pool = createInProcessPool(() => createSparseTrainer(plan, wasmKernels), train, test)
  const events: RunEvent[] = []
  const { signal } = new AbortController()
  for await (const event of runExperiment({ experiment, classes, pool, checkpoint: null, signal })) events.push(event)
  pool.dispose()
  return {
    plan,
    rounds: events.flatMap((event) => (event.type === 'round' ? [event] : [])),
    topology: events.flatMap((event) => (event.type === 'topology' ? [event] : [])),
  }
}
