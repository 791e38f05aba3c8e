import type { Experiment } from '../../contract/experiment'
import { batches, type BatchOrder } from '../trainer/batch-order'
import type { DeferredTrainer, LabelledImages, LossGradient, MaskedModel, Trainer } from '../trainer/trainer'

/** What a method needs of its client to take the optimiser's steps itself. */
export interface OwnSteps {
  readonly trainer: Trainer | DeferredTrainer
  readonly train: LabelledImages
  readonly order: BatchOrder
}

/**
 * The steps of local training one after the other: `model` gives the network at which the dense gradient of the plain loss
 * over the step's batch is taken, `step` uses it. For methods whose steps the trainer does not know.
 */
export async function takeSteps(
  { trainer, train, order }: OwnSteps,
  model: () => MaskedModel,
  step: (gradient: LossGradient['gradient']) => void,
): Promise<{ readonly steps: number; readonly lossSum: number }> {
  let steps = 0
  let lossSum = 0
  for (const batch of batches(order)) {
    const { loss, gradient } = await trainer.gradient(model(), train, batch)
    step(gradient)
    steps++
    lossSum += loss
  }
  return { steps, lossSum }
}

/** g ← gradient + λ·w; v ← momentum·v + g; w ← w − η·v, in place. Where `moves` is 0 nothing changes and v becomes 0. */
export function sgdStep(
  { learningRate, momentum, weightDecay }: Pick<Experiment, 'learningRate' | 'momentum' | 'weightDecay'>,
  values: Float32Array,
  velocity: Float32Array,
  gradient: Float32Array,
  moves?: Uint8Array,
): void {
  for (let at = 0; at < values.length; at++) {
    if (moves?.[at] === 0) {
      velocity[at] = 0
      continue
    }
    velocity[at] = momentum * velocity[at] + gradient[at] + weightDecay * values[at]
    values[at] -= learningRate * velocity[at]
  }
}
