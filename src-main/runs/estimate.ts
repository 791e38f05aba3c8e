import type { Experiment } from '../contract/experiment'
import type { PlanPreview } from '../contract/preview'
import { trainingFlops } from '../engine/accounting/flops'
import { prepareModel } from '../engine/methods/prepare-model'
import { methodRecipes } from '../engine/methods/registry'
import { initialParameters } from '../engine/models/initialise'
import { range } from '../engine/random/draw'
import { namedStream } from '../engine/random/streams'
import { applyMask } from '../engine/sparsity/masks'
import type { LabelledImages } from '../engine/trainer/trainer'
import type { WorkerPool } from '../host/worker-pool'

/** How fast this machine is at one network. */
interface Speed {
  readonly secondsPerTrainingFlop: number
  readonly secondsPerTestImage: number
}

/** A burst shorter than this says more about starting threads than about training. */
const shortestBurstSeconds = 0.1
const evaluatedImages = 1000

/**
 * Estimates running times from a short burst of real training of the network in question, under its first mask, by as many
 * clients at once as would train in the run. A measured network is not measured again.
 */
export class TimeEstimator {
  readonly #pool: WorkerPool
  readonly #speeds = new Map<string, Speed>()

  constructor(pool: WorkerPool) {
    this.#pool = pool
  }

  /** Seconds for the run; measures only if `mayMeasure`, and is null while the network was never measured. */
  async estimate(
    experiment: Experiment,
    preview: PlanPreview,
    testImages: number,
    mayMeasure: boolean,
  ): Promise<number | null> {
    const { model, inputShape, layers } = preview.summary
    const key = JSON.stringify([model, inputShape, layers.map(({ active }) => active), this.#burstSize(experiment)])
    let speed = this.#speeds.get(key)
    if (speed === undefined) {
      if (!mayMeasure) return null
      speed = await this.#measure(experiment, preview)
      this.#speeds.set(key, speed)
    }
    const { rounds, evaluationInterval } = experiment
    const evaluations = Math.ceil(rounds / evaluationInterval)
    return (
      preview.totalTrainingFlops * speed.secondsPerTrainingFlop + evaluations * testImages * speed.secondsPerTestImage
    )
  }

  #burstSize({ clientsPerRound, batchSize }: Experiment) {
    return { clients: Math.min(this.#pool.workers, clientsPerRound), batchSize }
  }

  async #measure(experiment: Experiment, { summary }: PlanPreview): Promise<Speed> {
    const { plan, requestedActive } = prepareModel(experiment, summary.inputShape, summary.classes)
    const mask =
      methodRecipes[experiment.method].initialMask?.draw(plan, requestedActive, experiment.seed) ??
      new Uint8Array(plan.prunableCount).fill(1)
    const parameters = applyMask(plan, initialParameters(plan, experiment.seed), mask)
    const images = noise(plan.inputShape, plan.classes, evaluatedImages)
    const clientPool = await this.#pool.open(plan, { train: images, test: images })
    const { clients, batchSize } = this.#burstSize(experiment)
    const { signal } = new AbortController()

    /** Wall-clock seconds for `clients` clients at once, each with `count` image passes. */
    const train = async (epochs: number) => {
      const startedAt = performance.now()
      const task = {
        parameters,
        mask,
        indices: range(batchSize).map((index) => index % evaluatedImages),
        localEpochs: epochs,
        batchSize,
        // Nothing is learned from noise, and weights that stay put cannot overflow.
        learningRate: 0,
        momentum: experiment.momentum,
        weightDecay: experiment.weightDecay,
        proximalCoefficient: experiment.proximalCoefficient,
        seed: experiment.seed,
        batchOrderLabel: 'calibration',
        gradientIndices: null,
      }
      await clientPool.trainClients(
        Array.from({ length: clients }, () => task),
        () => {},
        signal,
      )
      return (performance.now() - startedAt) / 1000
    }
    await train(1)
    let epochs = 1
    let seconds = await train(epochs)
    while (seconds < shortestBurstSeconds) {
      epochs *= 4
      seconds = await train(epochs)
    }
    const startedAt = performance.now()
    await clientPool.evaluateTestSet({ parameters, mask }, signal)
    const evaluationSeconds = (performance.now() - startedAt) / 1000
    return {
      secondsPerTrainingFlop: seconds / (clients * epochs * batchSize * trainingFlops(plan, requestedActive)),
      secondsPerTestImage: evaluationSeconds / evaluatedImages,
    }
  }
}

function noise(shape: LabelledImages['shape'], classes: number, count: number): LabelledImages {
  const stream = namedStream(0, 'calibration')
  const [channels, height, width] = shape
  return {
    pixels: Uint8Array.from({ length: count * channels * height * width }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integer(classes)),
    count,
    shape,
    mean: new Array<number>(channels).fill(0.5),
    deviation: new Array<number>(channels).fill(0.3),
  }
}
