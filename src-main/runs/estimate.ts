import type { Device } from '../contract/devices'
import type { Experiment } from '../contract/experiment'
import type { PlanPreview } from '../contract/preview'
import { trainingFlops } from '../engine/accounting/flops'
import { prepareModel } from '../engine/methods/prepare-model'
import type { WorkerPool } from '../host/worker-pool'
import type { Devices } from './devices'
import { modelOfDensity, noiseImages, steadySeconds, trainBurst } from './bursts'

/** Seconds of one image at one density. */
interface Point {
  readonly flops: number
  readonly trainingSeconds: number
  readonly testSeconds: number
}

/** The two densities at which a network is measured; in between, time is close to a line. */
const measuredDensities = [1, 0.1] as const
/** Devices other than the processor compute densely. */
const denseOnly = measuredDensities.slice(0, 1)

/**
 * Estimates running times from short bursts of real training on the device: each network is measured dense and, on the
 * processor, at a tenth of its weights, by as many clients at once as would train in the run; its time at another density lies
 * on the line through both. A measured network is not measured again.
 */
export class TimeEstimator {
  /** Null for what could not be measured. */
  readonly #measured = new Map<string, readonly Point[] | null>()
  #turn: Promise<unknown> = Promise.resolve()

  constructor(
    private readonly pool: WorkerPool,
    private readonly devices: Devices,
  ) {}

  /** Seconds for the run on a device; null while its network has not been measured there. */
  estimate(experiment: Experiment, device: Device, preview: PlanPreview, testImages: number): number | null {
    const points = this.#measured.get(this.#keyOf(experiment, device, preview)) ?? null
    if (points === null) return null
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
   * Measures the network of an experiment on a device unless it is known or `mayMeasure()` forbids it; about a second, and
   * some more where a device must be started. Resolves with whether something was measured. Measurements take turns, for two at once would each measure half the machine.
   */
  measure(experiment: Experiment, device: Device, preview: PlanPreview, mayMeasure: () => boolean): Promise<boolean> {
    const key = this.#keyOf(experiment, device, preview)
    const result = this.#turn.then(async () => {
      if (this.#measured.has(key)) return false
      if (device !== 'cpu') this.#measured.set(key, null)
      // It would take longer than a user looks at a form.
      if (device !== 'cpu' && (await this.devices.isSlow(device))) return false
      const points: Point[] = []
      for (const density of device === 'cpu' ? measuredDensities : denseOnly) {
        if (!mayMeasure()) {
          this.#measured.delete(key)
          return false
        }
        points.push(await this.#measure(experiment, device, preview.summary, density))
      }
      this.#measured.set(key, points)
      return true
    })
    this.#turn = result.catch(() => {})
    return result
  }

  #keyOf(experiment: Experiment, device: Device, { summary: { model, inputShape, layers } }: PlanPreview): string {
    const weights = layers.map((layer) => layer.weights)
    const clients = this.#clientsAtOnce(experiment, device)
    return JSON.stringify([device, model, inputShape, weights, clients, experiment.batchSize])
  }

  #clientsAtOnce({ clientsPerRound, clientsAtOnce }: Experiment, device: Device): number {
    return Math.min(device === 'cpu' ? this.pool.workers : clientsAtOnce, clientsPerRound)
  }

  async #measure(
    experiment: Experiment,
    device: Device,
    { inputShape, classes }: PlanPreview['summary'],
    density: number,
  ): Promise<Point> {
    const clients = this.#clientsAtOnce(experiment, device)
    const { plan } = prepareModel(experiment, inputShape, classes)
    const { active, ...model } = modelOfDensity(plan, density, experiment.seed)
    // Enough images that every thread has a block of them to evaluate.
    const images = noiseImages(plan, 1000 * this.pool.workers)
    const opened = await this.devices.open(device, plan, { train: images, test: images }, experiment)
    try {
      const trainingSeconds = await steadySeconds((epochs) =>
        trainBurst(opened.pool, experiment, model, clients, epochs),
      )
      const { signal } = new AbortController()
      const testSeconds = await steadySeconds(() => opened.pool.evaluateTestSet(model, signal))
      return {
        flops: trainingFlops(plan, active),
        trainingSeconds: trainingSeconds / (clients * experiment.batchSize),
        testSeconds: testSeconds / images.count,
      }
    } finally {
      opened.close()
    }
  }
}

/** The value at `flops` on the line through both points, at most down to nothing; the same everywhere where there is one. */
function onLine(points: readonly Point[], flops: number, of: (point: Point) => number): number {
  const [dense, sparse] = points
  if (points.length === 1) return of(dense)
  const slope = (of(dense) - of(sparse)) / (dense.flops - sparse.flops)
  return Math.max(0, of(sparse) + slope * (flops - sparse.flops))
}
