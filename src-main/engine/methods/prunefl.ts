import type { Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { denseForwardFlops, forwardFlops } from '../accounting/flops'
import { clientCost, roundCost } from '../accounting/round-cost'
import { maskedMean, meanOfSent } from '../federated/aggregation'
import {
  localTask,
  plainTraining,
  type ClientContext,
  type ClientReport,
  type ClientWork,
} from '../federated/client-work'
import { arrayOf } from '../federated/named-arrays'
import { sgdStep, takeSteps } from '../federated/own-steps'
import type { ModelPlan } from '../models/plan'
import { namedStream } from '../random/streams'
import { excludedLayers } from '../sparsity/distributions'
import { moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, countActive, trainableParameters } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { selectByRank } from '../sparsity/selection'
import type { MaskedModel } from '../trainer/trainer'
import { plainWork } from './expected-work'
import type { MethodRecipe } from './recipe'

/** Time of a round that no mask changes, where the kernels of the dense network take 1. */
const constantTime = 0.2
/** The prunable share halves in so many rounds. */
const halvingRounds = 10_000
/** The first client stops when its density changes by less than this share, after so many reconfigurations at the latest. */
const settledChange = 0.1
const mostReconfigurations = 5

const isDue = ({ readjustmentInterval, rounds }: Experiment, round: number) =>
  round % readjustmentInterval === 0 && round < rounds - 1

function prunableShare({ readjustmentRatio }: Experiment, round: number): number {
  return readjustmentRatio * 0.5 ** (Math.max(0, round) / halvingRounds)
}

/**
 * How many of the candidates are worth their time: they are taken in the given order while (g²)/t of the next is above
 * (Σg²)/(Σt) of all taken so far (Jiang et al. 2023). Gains g² and times t are those of what is kept in any case.
 */
export function worthTaking(
  kept: { readonly gain: number; readonly time: number },
  candidates: Iterable<{ readonly gain: number; readonly time: number }>,
): number {
  let { gain, time } = kept
  let taken = 0
  for (const candidate of candidates) {
    if (candidate.gain / candidate.time <= gain / time) break
    gain += candidate.gain
    time += candidate.time
    taken++
  }
  return taken
}

/** Seconds per active weight of every layer, in units of the dense network: its share of the forward FLOPs. */
function timePerWeight(plan: ModelPlan): number[] {
  const dense = denseForwardFlops(plan)
  return plan.prunable.map(
    (_, index) =>
      forwardFlops(
        plan,
        plan.prunable.map((__, other) => (other === index ? 1 : 0)),
      ) / dense,
  )
}

/**
 * The mask that promises most loss decrease per time: all active weights but the prunable share of smallest magnitude in
 * each layer, and as many of the others, active or not, as are worth their time. `importance` is g² in the order of the flat
 * parameters; that of biases counts as kept. Layers named in `alwaysDense` keep all weights.
 */
export function reconfigure(
  plan: ModelPlan,
  model: MaskedModel,
  importance: Float32Array,
  share: number,
  alwaysDense: readonly string[] = [],
): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  const times = timePerWeight(plan)
  const others: { readonly at: number; readonly gain: number; readonly time: number }[] = []
  let gain = 0
  let time = constantTime
  plan.prunable.forEach(({ name, weightOffset, weightCount, maskOffset, biasOffset, biasCount }, index) => {
    const active = positionsOf(model.mask.subarray(maskOffset, maskOffset + weightCount), 1)
    const sizes = model.parameters.subarray(weightOffset, weightOffset + weightCount).map(Math.abs)
    const keep = active.length - (alwaysDense.includes(name) ? 0 : Math.floor(share * active.length))
    for (const at of selectByRank(sizes, active, keep, 'largest')) {
      mask[maskOffset + at] = 1
      gain += importance[weightOffset + at]
      time += times[index]
    }
    for (let at = biasOffset; at < biasOffset + biasCount; at++) gain += importance[at]
    for (let at = 0; at < weightCount; at++) {
      if (mask[maskOffset + at] === 0)
        others.push({ at: maskOffset + at, gain: importance[weightOffset + at], time: times[index] })
    }
  })
  // Taking what is above the ratio raises the ratio, so whatever is not above it at first never will be.
  const candidates = others
    .filter((other) => other.gain / other.time > gain / time)
    .sort((a, b) => b.gain / b.time - a.gain / a.time || a.at - b.at)
  for (const { at } of candidates.slice(0, worthTaking({ gain, time }, candidates))) mask[at] = 1
  return mask
}

/** Local training that also adds up the dense gradients of its steps; the importance is the square of their sum. */
async function trainWithImportance(context: ClientContext, model: MaskedModel, label: string) {
  const { trainer, experiment, train, indices } = context
  const { plan } = trainer
  const parameters = model.parameters.slice()
  const velocity = new Float32Array(plan.parameterCount)
  const sums = new Float64Array(plan.parameterCount)
  const moves = trainableParameters(plan, model.mask)
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: { ...localTask(context), batchOrderLabel: label } },
    () => ({ parameters, mask: model.mask }),
    (gradient) => {
      for (let at = 0; at < sums.length; at++) sums[at] += gradient[at]
      const { proximalCoefficient } = experiment
      const pulled = gradient.map((value, at) => value + proximalCoefficient * (parameters[at] - model.parameters[at]))
      sgdStep(experiment, parameters, velocity, pulled, moves)
    },
  )
  return {
    parameters,
    importance: Float32Array.from(sums, (sum) => sum * sum),
    steps,
    lossSum,
    flops: indices.length * experiment.localEpochs * importanceFlops(plan, activePerLayer(plan, model.mask)),
  }
}

/** Forward through what is active, backward through all: the gradient is always dense. */
function importanceFlops(plan: ModelPlan, active: readonly number[]): number {
  return forwardFlops(plan, active) + 2 * denseForwardFlops(plan)
}

/** A value for every parameter, biases included. */
function importanceBits(plan: ModelPlan, experiment: Experiment): number {
  return plan.parameterCount * formatOf(experiment).valueBits
}

/** The first stage: one client prunes the dense network for itself until its density settles, and sends the mask. */
const firstPruning: ClientWork = async (context): Promise<ClientReport> => {
  const { trainer, experiment, client, model } = context
  const { plan } = trainer
  let current = model
  let flops = 0
  for (let turn = 0; turn < mostReconfigurations; turn++) {
    const trained = await trainWithImportance(context, current, `first-pruning/${client}/${turn}`)
    flops += trained.flops
    const before = { parameters: trained.parameters, mask: current.mask }
    const excluded = excludedLayers(plan.prunable, experiment)
    const mask = reconfigure(plan, before, trained.importance, prunableShare(experiment, 0), excluded)
    const change = Math.abs(countActive(mask) - countActive(current.mask)) / countActive(current.mask)
    current = { parameters: applyMask(plan, trained.parameters, mask), mask }
    if (change < settledChange) break
  }
  return {
    parameters: null,
    mask: null,
    steps: 0,
    lossSum: 0,
    sent: { mask: current.mask },
    sentBits: plan.prunableCount,
    state: {},
    flops,
  }
}

/**
 * PruneFL (Jiang et al. 2023): no target density. One client prunes first; later, after every readjustment interval, the
 * server keeps the weights that promise most loss decrease for the time they take, by the squared sum of the clients' dense
 * gradients. Times are shares of the network's FLOPs, so that the result is the same on every machine. The pruned network
 * starts from its initial weights.
 */
export const pruneFl: MethodRecipe = {
  narrowModel: null,
  initialMask: {
    targets: (plan) => ({
      active: plan.prunable.map(({ weightCount }) => weightCount),
      epsilon: null,
      warnings: [],
    }),
    draw: async ({ plan, experiment, initial, clientImages, ask }) => {
      const model = { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
      const [report] = await ask({ work: 'firstPruning', clients: [firstClient(experiment, clientImages)], model })
      const mask = arrayOf(report.sent, 'mask', Uint8Array)
      return { mask, active: activePerLayer(plan, mask) }
    },
    expectedScoring: (plan, experiment, clientImages) => {
      const dense = plan.prunable.map(({ weightCount }) => weightCount)
      const images = clientImages[firstClient(experiment, clientImages)] * experiment.localEpochs
      return roundCost([
        clientCost(
          plan,
          {
            received: dense,
            receivesMask: true,
            receivedBits: 0,
            sent: null,
            sendsMask: false,
            sentBits: plan.prunableCount,
            flops: mostReconfigurations * images * importanceFlops(plan, dense),
          },
          formatOf(experiment),
        ),
      ])
    },
  },
  otherWork: { firstPruning },
  localTraining: async (context) => {
    const { trainer, experiment, round, client, model } = context
    if (!isDue(experiment, round)) return plainTraining(context)
    const { importance, ...trained } = await trainWithImportance(context, model, `batches/${round}/${client}`)
    return {
      ...trained,
      mask: null,
      sent: { importance },
      sentBits: importanceBits(trainer.plan, experiment),
      state: {},
    }
  },
  expectedWork: (context) => {
    const { plan, experiment, round, active, images } = context
    const work = plainWork(context)
    if (!isDue(experiment, round)) return work
    return {
      ...work,
      sentBits: importanceBits(plan, experiment),
      flops: images * experiment.localEpochs * importanceFlops(plan, active),
    }
  },
  aggregate: maskedMean,
  updateTopology: {
    ratioAt: prunableShare,
    isDue,
    move: ({ plan, experiment, ratio, model, uploads }) => {
      const excluded = excludedLayers(plan.prunable, experiment)
      const mask = reconfigure(plan, model, meanOfSent(uploads, 'importance'), ratio, excluded)
      return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
    },
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}

/** The client of the first stage, drawn among those that own images. */
function firstClient({ seed }: Experiment, clientImages: readonly number[]): number {
  const owners = clientImages.flatMap((images, client) => (images > 0 ? [client] : []))
  return owners[namedStream(seed, 'first-pruning/client').integer(owners.length)]
}
