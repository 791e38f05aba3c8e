import type { Experiment } from '../contract/experiment'
import type { PlanPreview } from '../contract/preview'
import { trainingFlops } from '../engine/accounting/flops'
import { prepareModel } from '../engine/methods/prepare-model'
import type { WorkerPool } from '../host/worker-pool'
import { modelOfDensity, noiseImages, steadySeconds, trainBurst } from './bursts'

/** Seconds of one image at one density. */
interface Point {
  readonly flops: number
  readonly trainingSeconds: number
  readonly testSeconds: number
}

/** The two densities at which a network is measured; in between, time is close to a line. */
const measuredDensities = [1, 0.1] as const
/**
 * Estimates running times from short bursts of real training: each network is measured dense and at a tenth of its weights,
 * by as many clients at once as would train in the run, and its time at another density lies on the line through both. A
 * measured network is not measured again.
 */
export class TimeEstimator {
  readonly #pool: WorkerPool
  readonly #measured = new Map<string, readonly Point[]>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(pool: WorkerPool) {
    this.#pool = pool
  }

  /** Seconds for the run; null while its network has not been measured. */
  estimate(experiment: Experiment, preview: PlanPreview, testImages: number): number | null {
    const points = this.#measured.get(this.#keyOf(experiment, preview))
    if (points === undefined) return null
    const { plan, requestedActive } = prepareModel(experiment, preview.summary.inputShape, preview.summary.classes)
    const flops = trainingFlops(plan, requestedActive)
    const trainingImages = preview.totalTrainingFlops / flops
    const evaluations = Math.ceil(experiment.rounds / experiment.evaluationInterval)
    return (
      trainingImages * onLine(points, flops, ({ trainingSeconds }) => trainingSeconds) +
      evaluations * testImages * onLine(points, flops, ({ testSeconds }) => testSeconds)
    )
  }

  /**
   * Measures the network of an experiment unless it is known or `mayMeasure()` forbids it; about a second. Resolves with
   * whether something was measured. Measurements take turns, for two at once would each measure half the machine.
   */
  measure(experiment: Experiment, preview: PlanPreview, mayMeasure: () => boolean): Promise<boolean> {
    const key = this.#keyOf(experiment, preview)
    const result = this.#turn.then(async () => {
      if (this.#measured.has(key)) return false
      const points: Point[] = []
      for (const density of measuredDensities) {
        if (!mayMeasure()) return false
        points.push(await this.#measure(experiment, preview.summary, density))
      }
      this.#measured.set(key, points)
      return true
    })
    this.#turn = result.catch(() => {})
    return result
  }

  #keyOf(experiment: Experiment, { summary: { model, inputShape, layers } }: PlanPreview): string {
    const weights = layers.map((layer) => layer.weights)
    return JSON.stringify([model, inputShape, weights, this.#clientsAtOnce(experiment), experiment.batchSize])
  }

  #clientsAtOnce({ clientsPerRound }: Experiment): number {
    return Math.min(this.#pool.workers, clientsPerRound)
  }

  async #measure(
    experiment: Experiment,
    { inputShape, classes }: PlanPreview['summary'],
    density: number,
  ): Promise<Point> {
    const clients = this.#clientsAtOnce(experiment)
    const { plan } = prepareModel(experiment, inputShape, classes)
    const { active, ...model } = modelOfDensity(plan, density, experiment.seed)
    // Enough images that every thread has a block of them to evaluate.
    const images = noiseImages(plan, 1000 * this.#pool.workers)
    const clientPool = await this.#pool.open(plan, { train: images, test: images })
    const trainingSeconds = await steadySeconds((epochs) => trainBurst(clientPool, experiment, model, clients, epochs))
    const { signal } = new AbortController()
    const testSeconds = await steadySeconds(() => clientPool.evaluateTestSet(model, signal))
    return {
      flops: trainingFlops(plan, active),
      trainingSeconds: trainingSeconds / (clients * experiment.batchSize),
      testSeconds: testSeconds / images.count,
    }
  }
}

/** The value at `flops` on the line through both points; below the sparser one at most down to nothing. */
function onLine([dense, sparse]: readonly Point[], flops: number, of: (point: Point) => number): number {
  const slope = (of(dense) - of(sparse)) / (dense.flops - sparse.flops)
  return Math.max(0, of(sparse) + slope * (flops - sparse.flops))
}
