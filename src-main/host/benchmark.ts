import { experimentSchema, type Experiment, type ExperimentInput } from '../contract/experiment'
import type { ClientPool } from '../engine/federated/client-pool'
import { createInProcessPool } from '../engine/federated/in-process-pool'
import { runExperiment } from '../engine/federated/round-loop'
import { prepareModel } from '../engine/methods/prepare-model'
import { namedStream } from '../engine/random/streams'
import { createSparseTrainer, type SparseKernels, type Stage } from '../engine/trainer/sparse/sparse-trainer'
import type { LabelledImages } from '../engine/trainer/trainer'
import type { KernelSource } from './kernel-source'
import { WorkerPool } from './worker-pool'

const classes = 10
export const benchmarkShape = [3, 32, 32] as const
/** Of the round below: what every client trains on in every epoch. */
const samplesOfClient = 125

/** A round as FedDST runs it on CIFAR-10 (Bibikar et al., AAAI 2022): 20 clients, 10 local epochs, batches of 32. */
export function benchmarkExperiment(input: ExperimentInput): Experiment {
  const all = { dataset: 'cifar10', totalClients: 20, clientsPerRound: 20, localEpochs: 10, batchSize: 32 } as const
  return experimentSchema.parse({ ...all, evaluationInterval: 1_000_000, ...input })
}

/** Images of the experiment's clients; time does not depend on what they show. */
function benchmarkImages(count: number): LabelledImages {
  const stream = namedStream(1, 'benchmark')
  const noise = Uint8Array.from({ length: 65_521 }, () => stream.integer(256))
  const pixels = new Uint8Array(count * benchmarkShape[0] * benchmarkShape[1] * benchmarkShape[2])
  for (let at = 0; at < pixels.length; at += noise.length) pixels.set(noise.subarray(0, pixels.length - at), at)
  return {
    pixels,
    labels: Uint8Array.from({ length: count }, () => stream.integer(classes)),
    count,
    shape: benchmarkShape,
    mean: [0.4914, 0.4822, 0.4465],
    deviation: [0.2023, 0.1994, 0.201],
  }
}

function imagesOf({ totalClients }: Experiment): { train: LabelledImages; test: LabelledImages } {
  return { train: benchmarkImages(totalClients * samplesOfClient), test: benchmarkImages(totalClients) }
}

/** What one stage took, summed over a round. `layer` is null for stages of the whole network. */
export interface StageTime {
  readonly stage: Stage | 'rest of the round'
  readonly layer: string | null
  readonly milliseconds: number
}

/** What a profiled round of a sparsity differs in; a dense network has no topology that could move. */
export function profiledRound(sparsity: number): ExperimentInput {
  return sparsity === 0 ? { method: 'none' } : { sparsity, readjustmentInterval: 1 }
}

/** Milliseconds that the processor has worked for this process: unlike the clock on the wall, other work does not move it. */
function processorTime(): number {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}

/** Trains two rounds on this thread and says where the time of the second one went, the largest part first. */
export async function profileRound(kernels: SparseKernels, input: ExperimentInput): Promise<readonly StageTime[]> {
  const experiment = benchmarkExperiment({ ...input, rounds: 2 })
  const images = imagesOf(experiment)
  const { plan } = prepareModel(experiment, benchmarkShape, classes)
  const sums = new Map<string, StageTime>()
  const now = processorTime
  const add = (stage: Stage, layer: string | null, milliseconds: number) => {
    const name = `${stage}/${layer ?? ''}`
    sums.set(name, { stage, layer, milliseconds: (sums.get(name)?.milliseconds ?? 0) + milliseconds })
  }
  const pool = createInProcessPool(() => createSparseTrainer(plan, kernels, { now, add }), images.train, images.test)
  let total = 0
  let start = now()
  const rounds = roundTimes(experiment, pool, () => {
    sums.clear()
    start = now()
  })
  while ((await rounds.next()).done !== true) total = now() - start
  pool.dispose()
  const known = [...sums.values()].reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  const rest: StageTime = { stage: 'rest of the round', layer: null, milliseconds: Math.max(0, total - known) }
  return [...sums.values(), rest].sort((left, right) => right.milliseconds - left.milliseconds)
}

/** Seconds that a round took, on the clock and of all processors together. */
export interface RoundTime {
  readonly seconds: number
  readonly processorSeconds: number
}

/** Times of each round on worker threads, after one round that is not counted: threads start and code is compiled in it. */
export async function timeRounds(
  kernels: KernelSource,
  workers: number,
  rounds: number,
  input: ExperimentInput,
): Promise<RoundTime[]> {
  const experiment = benchmarkExperiment({ ...input, rounds: rounds + 1 })
  const images = imagesOf(experiment)
  const pool = new WorkerPool({ kernels, workers })
  try {
    const times: RoundTime[] = []
    const { plan } = prepareModel(experiment, benchmarkShape, classes)
    for await (const time of roundTimes(experiment, await pool.open(plan, images), () => undefined)) times.push(time)
    return times.slice(1)
  } finally {
    await pool.dispose()
  }
}

/** Times of each round; `onRound` is called between rounds. */
async function* roundTimes(experiment: Experiment, pool: ClientPool, onRound: () => void): AsyncGenerator<RoundTime> {
  const signal = new AbortController().signal
  let start = performance.now()
  let startOfProcessor = processorTime()
  for await (const event of runExperiment({ experiment, classes, pool, checkpoint: null, signal })) {
    if (event.type !== 'round') continue
    const seconds = (performance.now() - start) / 1000
    yield { seconds, processorSeconds: (processorTime() - startOfProcessor) / 1000 }
    if (event.record.round + 1 < experiment.rounds) onRound()
    startOfProcessor = processorTime()
    start = performance.now()
  }
}

/** Images that the clients of one round train on, every epoch counted. */
export function samplesOfRound({ clientsPerRound, localEpochs }: Experiment): number {
  return clientsPerRound * localEpochs * samplesOfClient
}
