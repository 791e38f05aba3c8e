import type { Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { indexBits } from '../accounting/encodings'
import { denseGradientFlops } from '../accounting/flops'
import type { Upload } from '../federated/aggregation'
import { plainTraining, type ClientWork } from '../federated/client-work'
import { gradientImages, withGradient } from '../federated/dense-gradient'
import { arrayOf } from '../federated/named-arrays'
import type { ModelPlan, PrunableLayerPlan } from '../models/plan'
import { positionsOf } from '../sparsity/positions'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import { gradientGrowth, moveTopology } from '../sparsity/topology-update'
import { plainWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** The layer whose turn it is: from the classifier back to the first layer, one in each update round, and again. */
export function layerInTurn(plan: ModelPlan, experiment: Experiment, round: number): number {
  const update = Math.floor(round / experiment.readjustmentInterval)
  return plan.prunable.length - 1 - (update % plan.prunable.length)
}

/** How many weights of a layer move: ⌊R·active⌋, but no more than are inactive. */
function moving(experiment: Experiment, round: number, { weightCount }: PrunableLayerPlan, active: number): number {
  return Math.min(Math.floor(readjustmentRatioAt(experiment, round) * active), weightCount - active)
}

/** Trains, then sends positions and values of the largest gradients among the inactive weights of the layer in turn. */
const trainAndScore: ClientWork = async (context) => {
  const { trainer, experiment, round, model } = context
  const report = await plainTraining(context)
  if (!isUpdateRound(experiment, round)) return report
  const layer = trainer.plan.prunable[layerInTurn(trainer.plan, experiment, round)]
  const { maskOffset, weightCount } = layer
  const bits = model.mask.subarray(maskOffset, maskOffset + weightCount)
  const inactive = positionsOf(bits, 0)
  const scored = await withGradient(context, report)
  const gradient = arrayOf(scored.sent, 'gradient', Float32Array).subarray(maskOffset, maskOffset + weightCount)
  const count = moving(experiment, round, layer, weightCount - inactive.length)
  const positions = selectByRank(gradient.map(Math.abs), inactive, count, 'largest')
  return {
    ...report,
    sent: { positions: Int32Array.from(positions), values: Float32Array.from(positions, (at) => gradient[at]) },
    sentBits: count * (formatOf(experiment).valueBits + indexBits(weightCount)),
    flops: scored.flops,
  }
}

/**
 * FedTiny's progressive pruning (Huang et al. 2023): one layer in each update round. Clients send only as many of their
 * largest gradients there as weights will grow; the server averages them (what a client does not send counts as 0), drops
 * the smallest weights of the layer and grows where the average is largest.
 */
export const fedTiny: MethodRecipe = {
  ...staticPruning,
  localTraining: trainAndScore,
  expectedWork: (context) => {
    const { plan, experiment, round, active, images } = context
    const work = plainWork(context)
    if (!isUpdateRound(experiment, round)) return work
    const turn = layerInTurn(plan, experiment, round)
    const layer = plan.prunable[turn]
    return {
      ...work,
      sentBits:
        moving(experiment, round, layer, active[turn]) *
        (formatOf(experiment).valueBits + indexBits(layer.weightCount)),
      flops: work.flops + gradientImages(experiment, images) * denseGradientFlops(plan, active),
    }
  },
  updateTopology: {
    ratioAt: readjustmentRatioAt,
    isDue: isUpdateRound,
    move: ({ plan, experiment, round, ratio, model, uploads }) => {
      const turn = layerInTurn(plan, experiment, round)
      const ratios = plan.prunable.map((_, index) => (index === turn ? ratio : 0))
      return moveTopology(plan, model, ratios, gradientGrowth(meanOfPieces(plan, plan.prunable[turn], uploads)), false)
    },
  },
}

/** Sample-weighted mean of the gradients sent for one layer, 0 where a client sent none; in the order of the mask. */
export function meanOfPieces(
  plan: ModelPlan,
  { maskOffset }: PrunableLayerPlan,
  uploads: readonly Upload[],
): Float32Array {
  const sums = new Float64Array(plan.prunableCount)
  const samples = uploads.reduce((total, upload) => total + upload.samples, 0)
  for (const { sent, samples: weight } of uploads) {
    const values = arrayOf(sent, 'values', Float32Array)
    arrayOf(sent, 'positions', Int32Array).forEach((at, index) => {
      sums[maskOffset + at] += weight * values[index]
    })
  }
  return Float32Array.from(sums, (sum) => sum / samples)
}
