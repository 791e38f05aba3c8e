import type { Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { clientCost, roundCost } from '../accounting/round-cost'
import { trainingFlops } from '../accounting/flops'
import {
  localTask,
  plainTraining,
  type ClientContext,
  type ClientReport,
  type ClientWork,
} from '../federated/client-work'
import { arrayOf } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { activeOverall, excludedLayers, overallTargets } from '../sparsity/distributions'
import { largestPerLayer, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, randomMask } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { shareOut } from '../sparsity/redistribute'
import { unmoved } from '../sparsity/topology-update'
import { stepsPerEpoch } from '../trainer/batch-order'
import type { MaskedModel } from '../trainer/trainer'
import { plainWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

const countBits = 32

/**
 * Drops the share `ratio` of every layer's active weights by magnitude and grows as many over the network, at random: each
 * layer gets a part in proportion to the mean |w| of its active weights, so that densities move to the layers that matter.
 * Layers named in `alwaysDense` stay out of it.
 */
export function redistribute(
  plan: ModelPlan,
  model: MaskedModel,
  ratio: number,
  seed: number,
  label: string,
  alwaysDense: readonly string[] = [],
): MaskedModel {
  const active = activePerLayer(plan, model.mask)
  const kept = active.map((count, index) =>
    alwaysDense.includes(plan.prunable[index].name) ? count : Math.max(1, count - Math.floor(ratio * count)),
  )
  const sizes = magnitudes(plan, model.parameters)
  const mask = largestPerLayer(plan, sizes, kept, model.mask)
  const meanSizes = plan.prunable.map(({ maskOffset, weightCount }, index) => {
    const sum = sizes.subarray(maskOffset, maskOffset + weightCount).reduce((total, value) => total + value, 0)
    return sum / active[index]
  })
  const dropped = active.reduce((sum, count, index) => sum + count - kept[index], 0)
  const room = plan.prunable.map(({ weightCount }, index) => weightCount - kept[index])
  const grown = shareOut(dropped, meanSizes, room)
  plan.prunable.forEach(({ name, maskOffset, weightCount }, index) => {
    const empty = positionsOf(mask.subarray(maskOffset, maskOffset + weightCount), 0)
    const stream = namedStream(seed, `${label}/${name}`)
    for (const at of drawWithoutReplacement(stream, empty, grown[index])) mask[maskOffset + at] = 1
  })
  return moveToMask(plan, model, mask)
}

/** Local training that moves the topology after every epoch but the last (halfway when there is only one), ever less. */
async function trainAndRedistribute(context: ClientContext, epochs: number, label: string) {
  const { trainer, experiment, indices, model } = context
  const { plan } = trainer
  const task = { ...localTask(context), localEpochs: epochs, batchOrderLabel: label }
  const steps = epochs * stepsPerEpoch(task)
  const partSteps = epochs === 1 ? Math.ceil(steps / 2) : stepsPerEpoch(task)
  let current: MaskedModel = model
  let velocity = new Float32Array(plan.parameterCount)
  let lossSum = 0
  let flops = 0
  for (let first = 0; first < steps; first += partSteps) {
    const count = Math.min(partSteps, steps - first)
    const active = activePerLayer(plan, current.mask)
    const part = await trainer.trainClient({
      ...task,
      ...current,
      velocity,
      anchor: model.parameters,
      stepRange: { first, count },
    })
    lossSum += part.lossSum
    velocity = part.velocity.slice()
    flops += (indices.length * epochs * trainingFlops(plan, active) * count) / steps
    current = { parameters: part.parameters, mask: current.mask }
    const done = first + count
    if (done === steps) break
    const ratio = experiment.readjustmentRatio * (1 - done / steps)
    const excluded = excludedLayers(plan.prunable, experiment)
    const moved = redistribute(plan, current, ratio, experiment.seed, `growth/${label}/${done}`, excluded)
    current = { parameters: moved.parameters, mask: moved.mask }
  }
  return { ...current, steps, lossSum, flops }
}

/** The warm-up: a client trains by itself and reports how many weights its mask gives each layer. */
const warmUp: ClientWork = async (context): Promise<ClientReport> => {
  const { trainer, experiment, client } = context
  const { mask, flops } = await trainAndRedistribute(context, experiment.warmUpEpochs, `warm-up/${client}`)
  const counts = activePerLayer(trainer.plan, mask)
  return {
    parameters: null,
    mask: null,
    steps: 0,
    lossSum: 0,
    sent: { counts: Int32Array.from(counts) },
    sentBits: counts.length * countBits,
    state: {},
    flops,
  }
}

/**
 * The mean of the clients' counts, brought to the target of the whole network; at least one weight in each layer, and all of
 * those in `alwaysDense`.
 */
export function consensus(
  plan: ModelPlan,
  counts: readonly (readonly number[])[],
  target: number,
  alwaysDense: readonly string[] = [],
): number[] {
  const least = plan.prunable.map(({ name, weightCount }) => (alwaysDense.includes(name) ? weightCount : 1))
  const sums = least.map((_, layer) => counts.reduce((sum, row) => sum + row[layer], 0))
  const room = plan.prunable.map(({ weightCount }, layer) => weightCount - least[layer])
  const left = least.reduce((rest, count) => rest - count, target)
  return shareOut(left, sums, room).map((count, layer) => count + least[layer])
}

/** As many of each layer as the clients' masks have on average, and S over the network. */
function agreedCounts(plan: ModelPlan, experiment: Experiment, counts: readonly (readonly number[])[]): number[] {
  const target = activeOverall(plan.prunable, experiment.sparsity)
  return consensus(plan, counts, target, excludedLayers(plan.prunable, experiment))
}

function warmUpClients({ seed, warmUpShare, totalClients }: Experiment, clientImages: readonly number[]): number[] {
  const owners = Uint32Array.from(clientImages.flatMap((images, client) => (images > 0 ? [client] : [])))
  const count = Math.min(owners.length, Math.max(1, Math.floor(warmUpShare * totalClients)))
  return [...drawWithoutReplacement(namedStream(seed, 'warm-up/clients'), owners, count)].sort((a, b) => a - b)
}

/**
 * FLASH with a fixed mask, SPDST (Babakniya et al. 2023): before round 0 a few clients train sparsely, each moving its own
 * mask, and report the densities of the layers; one random mask with their mean densities is then fixed for all.
 */
export const flashSpdst: MethodRecipe = {
  ...staticPruning,
  initialMask: {
    targets: (plan, experiment) => overallTargets(plan.prunable, experiment),
    draw: async ({ plan, experiment, active, initial, clientImages, ask }) => {
      const mask = randomMask(plan, active, experiment.seed)
      const clients = warmUpClients(experiment, clientImages)
      const reports = await ask({
        work: 'warmUp',
        clients,
        model: { parameters: applyMask(plan, initial, mask), mask },
      })
      const counts = reports.map(({ sent }) => [...arrayOf(sent, 'counts', Int32Array)])
      const agreed = agreedCounts(plan, experiment, counts)
      return { mask: randomMask(plan, agreed, experiment.seed), active: agreed }
    },
    expectedScoring: (plan, experiment, clientImages) => {
      const { active } = overallTargets(plan.prunable, experiment)
      return roundCost(
        warmUpClients(experiment, clientImages).map((client) =>
          clientCost(
            plan,
            {
              received: active,
              receivesMask: true,
              receivedBits: 0,
              sent: null,
              sendsMask: false,
              sentBits: plan.prunable.length * countBits,
              flops: clientImages[client] * experiment.warmUpEpochs * trainingFlops(plan, active),
            },
            formatOf(experiment),
          ),
        ),
      )
    },
  },
  otherWork: { warmUp },
}

const isJointRound = ({ readjustmentInterval, rounds }: Experiment, round: number) =>
  round % readjustmentInterval === 0 && round < rounds - 1

/**
 * FLASH with a moving mask, JMWST: starts as SPDST; in an update round the clients move their masks while they train, and
 * the server keeps the largest weights of the mean, each layer as many as the clients' masks have on average.
 */
export const flashJmwst: MethodRecipe = {
  ...flashSpdst,
  localTraining: async (context) => {
    const { experiment, round, client } = context
    if (!isJointRound(experiment, round)) return plainTraining(context)
    const trained = await trainAndRedistribute(context, experiment.localEpochs, `batches/${round}/${client}`)
    return { ...trained, sent: {}, sentBits: 0, state: {} }
  },
  expectedWork: (context) => ({
    ...plainWork(context),
    sendsMask: isJointRound(context.experiment, context.round),
  }),
  resparsify: ({ plan, experiment, round, uploads, model }) => {
    if (!isJointRound(experiment, round)) return model
    const counts = uploads.map(({ mask }) => activePerLayer(plan, mask))
    const agreed = agreedCounts(plan, experiment, counts)
    const mask = largestPerLayer(plan, magnitudes(plan, model.parameters), agreed, model.mask)
    return { mask, parameters: applyMask(plan, model.parameters, mask) }
  },
  updateTopology: {
    ratioAt: ({ readjustmentRatio }) => readjustmentRatio,
    isDue: isJointRound,
    move: ({ plan, model }) => ({ ...unmoved(plan, model), requestedActive: activePerLayer(plan, model.mask) }),
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}
