import type { Experiment } from '../../contract/experiment'
import { formatOf, gradientBits } from '../accounting/communication'
import { denseGradientFlops } from '../accounting/flops'
import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { activePerLayer } from '../sparsity/masks'
import type { ClientContext, ClientReport } from './client-work'

/** The part of flat parameters that belongs to the prunable weights, in the order of the mask. */
export function prunablePart(plan: ModelPlan, flat: Float32Array): Float32Array {
  const weights = new Float32Array(plan.prunableCount)
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    weights.set(flat.subarray(weightOffset, weightOffset + weightCount), maskOffset)
  }
  return weights
}

/** Images of a client's dense gradient: so many batches, or all that it has. */
export function gradientImages(experiment: Experiment, images: number, batches = 1): number {
  return Math.min(batches * experiment.batchSize, images)
}

/**
 * The report with the dense gradient of the trained model beside it, as `gradient`: over as many random images as
 * `batches` batches hold. It travels as a 32-bit float for every prunable weight.
 */
export async function withGradient(context: ClientContext, report: ClientReport, batches = 1): Promise<ClientReport> {
  const { trainer, experiment, round, client, train, indices, model } = context
  const images = drawWithoutReplacement(
    namedStream(experiment.seed, `gradient/${round}/${client}`),
    indices.slice(),
    gradientImages(experiment, indices.length, batches),
  )
  const mask = report.mask ?? model.mask
  const { gradient } = await trainer.gradient(
    { parameters: report.parameters ?? model.parameters, mask },
    train,
    images,
  )
  return {
    ...report,
    sent: { ...report.sent, gradient: prunablePart(trainer.plan, gradient) },
    sentBits: report.sentBits + gradientBits(trainer.plan, formatOf(experiment)),
    flops: report.flops + images.length * denseGradientFlops(trainer.plan, activePerLayer(trainer.plan, mask)),
  }
}
