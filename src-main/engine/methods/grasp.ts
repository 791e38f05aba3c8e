import { gradientBits } from '../accounting/communication'
import { denseForwardFlops } from '../accounting/flops'
import type { ClientWork } from '../federated/client-work'
import { prunablePart } from '../federated/dense-gradient'
import { arrayOf } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import type { DeferredTrainer, LabelledImages, MaskedModel, Trainer } from '../trainer/trainer'
import {
  balancedBatch,
  denseModel,
  denseQuestion,
  firstMask,
  keepOverall,
  meanScores,
  questionsCost,
  scoredMask,
  scoresReport,
} from './scoring'

/** Logits are divided by this before the softmax (the authors' code). */
const temperature = 200
/**
 * Length of the finite difference's step, as a share of the length of the weights. A double backward holds every ReLU and
 * pooling window as it is, so the step must be short enough that hardly any switches, and long enough for 32-bit floats.
 */
const relativeStep = 3e-6

interface Batch {
  readonly trainer: Trainer | DeferredTrainer
  readonly images: LabelledImages
  readonly indices: Uint32Array
}

/**
 * Gradient, by prunable weights, of the mean cross-entropy of the logits divided by `divisor`. Dividing the logits is
 * dividing the last layer's weights and biases, whose gradient is then divided once more.
 */
export async function gradientAtTemperature(
  { trainer, images, indices }: Batch,
  model: MaskedModel,
  divisor: number,
): Promise<Float32Array> {
  const { plan } = trainer
  const last = plan.prunable[plan.prunable.length - 1]
  const parameters = model.parameters.slice()
  for (const [start, count] of [
    [last.weightOffset, last.weightCount],
    [last.biasOffset, last.biasCount],
  ]) {
    for (let at = start; at < start + count; at++) parameters[at] /= divisor
  }
  const { gradient } = await trainer.gradient({ parameters, mask: model.mask }, images, indices)
  const weights = prunablePart(plan, gradient)
  for (let at = last.maskOffset; at < last.maskOffset + last.weightCount; at++) weights[at] /= divisor
  return weights
}

/**
 * H·v for the Hessian of the same loss by the prunable weights, as a central finite difference of gradients:
 * (∇L(w + δv̂) − ∇L(w − δv̂))·‖v‖/(2δ) with v̂ = v/‖v‖ and δ the share `relative` of ‖w‖. Exact where the gradient is linear.
 */
export async function hessianTimes(
  batch: Batch,
  model: MaskedModel,
  vector: Float32Array,
  divisor: number,
  relative = relativeStep,
): Promise<Float32Array> {
  const { plan } = batch.trainer
  const length = norm(vector)
  if (length === 0) return new Float32Array(vector.length)
  const step = relative * norm(prunablePart(plan, model.parameters))
  const at = (sign: 1 | -1) =>
    gradientAtTemperature(
      batch,
      { parameters: moved(plan, model.parameters, vector, (sign * step) / length), mask: model.mask },
      divisor,
    )
  const [ahead, behind] = [await at(1), await at(-1)]
  return ahead.map((value, index) => ((value - behind[index]) * length) / (2 * step))
}

/** −w ⊙ (H·g): how much the gradient's norm falls when a weight goes; the largest are removed. */
export function graspScores(plan: ModelPlan, parameters: Float32Array, curvature: Float32Array): Float32Array {
  return prunablePart(plan, parameters).map((weight, at) => -weight * curvature[at])
}

function norm(vector: Float32Array): number {
  return Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0))
}

/** Parameters with `factor` times the vector over prunable weights added. */
function moved(plan: ModelPlan, parameters: Float32Array, vector: Float32Array, factor: number): Float32Array {
  const result = parameters.slice()
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    for (let at = 0; at < weightCount; at++) result[weightOffset + at] += factor * vector[maskOffset + at]
  }
  return result
}

const gradient: ClientWork = async (context) => {
  const { trainer, train, model } = context
  const indices = balancedBatch(context)
  const scores = await gradientAtTemperature({ trainer, images: train, indices }, model, temperature)
  return scoresReport(scores, scores.length, 3 * denseForwardFlops(trainer.plan) * indices.length)
}

const curvature: ClientWork = async (context) => {
  const { trainer, train, model, download } = context
  const indices = balancedBatch(context)
  const vector = arrayOf(download, 'gradient', Float32Array)
  const scores = await hessianTimes({ trainer, images: train, indices }, model, vector, temperature)
  return scoresReport(scores, scores.length, 6 * denseForwardFlops(trainer.plan) * indices.length)
}

/**
 * GraSP (Wang et al. 2020): the weights whose removal hurts the gradient's flow least go. Every client sends the gradient of
 * one batch; the server sends back their mean g; every client sends the product of its batch's Hessian with g. Both means
 * are those of the union of the batches. The product is a finite difference.
 */
export const grasp = scoredMask(
  async (context) => {
    const { plan, initial } = context
    const model = denseModel(context)
    const mean = await meanScores(context, { work: 'gradient', model })
    const product = await meanScores(context, {
      work: 'curvature',
      model,
      download: { arrays: { gradient: mean }, bits: gradientBits(plan) },
    })
    const keep = graspScores(plan, initial, product).map((score) => -score)
    return firstMask(plan, keepOverall(context, keep, model.mask))
  },
  (plan, experiment, clientImages) =>
    questionsCost(plan, experiment, clientImages, [denseQuestion(plan), denseQuestion(plan, 2, plan.prunableCount)]),
  { gradient, curvature },
)
