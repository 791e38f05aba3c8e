import type { Experiment } from '../contract/experiment'
import type { ClientPool } from '../engine/federated/client-pool'
import { initialParameters } from '../engine/models/initialise'
import type { ModelPlan } from '../engine/models/plan'
import { range } from '../engine/random/draw'
import { namedStream } from '../engine/random/streams'
import { applyMask, randomMask } from '../engine/sparsity/masks'
import type { LabelledImages, MaskedModel } from '../engine/trainer/trainer'

/** A burst shorter than this says more about starting threads than about training. */
const shortestBurstSeconds = 0.1
/** Kernels get faster while they are being compiled; a burst counts once the next one is not faster by more than this. */
const steadyRatio = 0.9
const mostBursts = 8

/** Wall-clock seconds of one repetition of a burst, once the machine has warmed to it. */
export async function steadySeconds(burst: (repetitions: number) => Promise<unknown>): Promise<number> {
  let repetitions = 1
  let best = Number.POSITIVE_INFINITY
  for (let bursts = 0; bursts < mostBursts; bursts++) {
    const startedAt = performance.now()
    await burst(repetitions)
    const seconds = (performance.now() - startedAt) / 1000
    if (seconds >= shortestBurstSeconds && seconds / repetitions > best * steadyRatio) break
    best = Math.min(best, seconds / repetitions)
    if (seconds < shortestBurstSeconds) repetitions *= 4
  }
  return best
}

/** One batch of local training for each client, again for every epoch. */
export function trainBurst(
  pool: ClientPool,
  experiment: Experiment,
  model: MaskedModel,
  clients: number,
  localEpochs: number,
): Promise<unknown> {
  const job = {
    ...model,
    work: null,
    // Nothing is learned from noise, and weights that stay put cannot overflow.
    experiment: { ...experiment, method: 'none' as const, localEpochs, learningRate: 0 },
    round: 0,
    client: 0,
    indices: range(experiment.batchSize).map((index) => index % pool.train.count),
    testIndices: new Uint32Array(0),
    download: {},
    state: {},
  }
  return pool.trainClients(
    Array.from({ length: clients }, () => job),
    () => {},
    new AbortController().signal,
  )
}

/** The network before its first round, with that share of every layer's weights. */
export function modelOfDensity(plan: ModelPlan, density: number, seed: number): MaskedModel & { active: number[] } {
  const active = plan.prunable.map(({ weightCount }) => Math.ceil(density * weightCount))
  const mask = randomMask(plan, active, seed)
  return { parameters: applyMask(plan, initialParameters(plan, seed), mask), mask, active }
}

/** Images of a plan; time does not depend on what they show. */
export function noiseImages({ inputShape, classes }: ModelPlan, count: number): LabelledImages {
  const stream = namedStream(0, 'calibration')
  const [channels, height, width] = inputShape
  return {
    pixels: Uint8Array.from({ length: count * channels * height * width }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integer(classes)),
    count,
    shape: inputShape,
    mean: new Array<number>(channels).fill(0.5),
    deviation: new Array<number>(channels).fill(0.3),
  }
}
