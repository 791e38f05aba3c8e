import type { Experiment } from '../../contract/experiment'
import { trainingFlops } from '../accounting/flops'
import { localTask, type ClientReport, type ClientWork } from '../federated/client-work'
import { arrayOf, type NamedArrays } from '../federated/named-arrays'
import { sgdStep, takeSteps } from '../federated/own-steps'
import { initialParameters } from '../models/initialise'
import type { ModelPlan, PrunableLayerPlan } from '../models/plan'
import { excludedLayers } from '../sparsity/distributions'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { plainWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { none } from './none'

const thresholdBits = 32
/** A layer with no more than this density gets its thresholds set back to 0, so that it can learn again. */
const lowestDensity = 0.01

/** A filter or neuron with its threshold. */
interface Neuron {
  readonly weightOffset: number
  readonly maskOffset: number
  readonly inputs: number
  /** Inputs of one kernel position, by which a change of threshold is shared out over the weights. */
  readonly share: number
}

/** Every output of every layer, in order: one threshold each. Layers in `alwaysDense` have none. */
function neuronsOf(plan: ModelPlan, alwaysDense: readonly string[]): Neuron[][] {
  return plan.prunable.map((layer) => {
    const outputs = alwaysDense.includes(layer.name) ? 0 : outputsOf(layer)
    const inputs = layer.weightCount / outputsOf(layer)
    return Array.from({ length: outputs }, (_, row) => ({
      weightOffset: layer.weightOffset + row * inputs,
      maskOffset: layer.maskOffset + row * inputs,
      inputs,
      share: layer.kind === 'convolution' ? layer.kernelHeight * layer.kernelWidth : inputs,
    }))
  })
}

function outputsOf(layer: PrunableLayerPlan): number {
  return layer.kind === 'convolution' ? layer.outputChannels : layer.outputs
}

function thresholdCount(plan: ModelPlan, experiment: Experiment): number {
  return neuronsOf(plan, excludedLayers(plan.prunable, experiment)).flat().length
}

/**
 * All weights of the neurons whose mean |w| is above their threshold, and of the layers in `alwaysDense`; `thresholds` of a
 * layer that dies out are set to 0.
 */
export function maskOfThresholds(
  plan: ModelPlan,
  weights: Float32Array,
  thresholds: Float32Array,
  alwaysDense: readonly string[] = [],
): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  let first = 0
  neuronsOf(plan, alwaysDense).forEach((neurons, layer) => {
    const { maskOffset: start, weightCount } = plan.prunable[layer]
    if (neurons.length === 0) mask.fill(1, start, start + weightCount)
    const means = neurons.map(({ weightOffset, inputs }) => meanMagnitude(weights, weightOffset, inputs))
    const isActive = (row: number) => means[row] > thresholds[first + row]
    const active = neurons.reduce((sum, { inputs }, row) => sum + (isActive(row) ? inputs : 0), 0)
    if (active / weightCount <= lowestDensity) thresholds.fill(0, first, first + neurons.length)
    neurons.forEach(({ maskOffset, inputs }, row) => {
      if (isActive(row)) mask.fill(1, maskOffset, maskOffset + inputs)
    })
    first += neurons.length
  })
  return mask
}

function meanMagnitude(weights: Float32Array, from: number, count: number): number {
  let sum = 0
  for (let at = from; at < from + count; at++) sum += Math.abs(weights[at])
  return sum / count
}

/**
 * What a change of the global thresholds tells a client about its weights: w ← w − Δτ·sign(Σw)/share within each neuron, so
 * that neurons whose threshold rose shrink.
 */
export function followThresholds(
  plan: ModelPlan,
  weights: Float32Array,
  change: Float32Array,
  alwaysDense: readonly string[] = [],
): Float32Array {
  const moved = weights.slice()
  neuronsOf(plan, alwaysDense)
    .flat()
    .forEach(({ weightOffset, inputs, share }, neuron) => {
      let sum = 0
      for (let at = weightOffset; at < weightOffset + inputs; at++) sum += weights[at]
      for (let at = weightOffset; at < weightOffset + inputs; at++) {
        moved[at] -= (change[neuron] * Math.sign(sum)) / share
      }
    })
  return moved
}

/** Gradients by weights and thresholds, through the mask as if its step were the identity (straight-through). */
export function straightThrough(
  plan: ModelPlan,
  weights: Float32Array,
  mask: Uint8Array,
  gradient: Float32Array,
  thresholds: Float32Array,
  penalty: number,
  alwaysDense: readonly string[] = [],
): { readonly byWeights: Float32Array; readonly byThresholds: Float32Array } {
  const byWeights = gradient.slice()
  const byThresholds = thresholds.map((value) => -penalty * Math.exp(-value))
  neuronsOf(plan, alwaysDense)
    .flat()
    .forEach(({ weightOffset, maskOffset, inputs }, neuron) => {
      let byMask = 0
      for (let at = weightOffset; at < weightOffset + inputs; at++) byMask += gradient[at] * weights[at]
      byThresholds[neuron] -= byMask
      for (let at = 0; at < inputs; at++) {
        const weight = weights[weightOffset + at]
        byWeights[weightOffset + at] =
          mask[maskOffset + at] * gradient[weightOffset + at] + (byMask * Math.sign(weight)) / inputs
      }
    })
  return { byWeights, byThresholds }
}

/** What a client has at hand: its own weights, and the global thresholds that it saw last. */
function ownWeights(plan: ModelPlan, experiment: Experiment, state: NamedArrays) {
  const isNew = !('weights' in state)
  return {
    weights: isNew ? initialParameters(plan, experiment.seed) : arrayOf(state, 'weights', Float32Array),
    seen: isNew ? new Float32Array(thresholdCount(plan, experiment)) : arrayOf(state, 'seen', Float32Array),
  }
}

const trainThresholds: ClientWork = async (context): Promise<ClientReport> => {
  const { trainer, experiment, train, indices, model, download, state } = context
  const { plan } = trainer
  const global = arrayOf(download, 'thresholds', Float32Array)
  const own = ownWeights(plan, experiment, state)
  const excluded = excludedLayers(plan.prunable, experiment)
  const weights = followThresholds(
    plan,
    own.weights,
    global.map((value, at) => value - own.seen[at]),
    excluded,
  )
  const thresholds = global.slice()
  const weightVelocity = new Float32Array(weights.length)
  const thresholdVelocity = new Float32Array(thresholds.length)
  const penalty = experiment.thresholdCoefficient
  let mask = maskOfThresholds(plan, weights, thresholds, excluded)
  let flops = 0
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: localTask(context) },
    () => ({ parameters: applyMask(plan, weights, mask), mask }),
    (gradient) => {
      const step = straightThrough(plan, weights, mask, gradient, thresholds, penalty, excluded)
      flops += experiment.batchSize * trainingFlops(plan, activePerLayer(plan, mask))
      sgdStep(experiment, weights, weightVelocity, step.byWeights)
      sgdStep(experiment, thresholds, thresholdVelocity, step.byThresholds)
      mask = maskOfThresholds(plan, weights, thresholds, excluded)
    },
  )
  return {
    // Weights never leave the client.
    parameters: model.parameters,
    mask: null,
    steps,
    lossSum,
    sent: { thresholds },
    sentBits: thresholds.length * thresholdBits,
    state: { weights, seen: global, thresholds },
    transfer: { sent: activePerLayer(plan, mask) },
    flops: Math.min(
      flops,
      indices.length *
        experiment.localEpochs *
        trainingFlops(
          plan,
          plan.prunable.map((l) => l.weightCount),
        ),
    ),
  }
}

/**
 * SpaFL (Kim et al. 2024): every client trains weights of its own and a threshold for each filter or neuron; a neuron whose
 * mean |w| is below its threshold is masked. Only thresholds travel. The server averages them, and a client moves its
 * weights by what has changed. There is no global model: clients are evaluated with their own.
 */
export const spaFl: MethodRecipe = {
  ...none,
  hasNoGlobalModel: true,
  download: ({ plan, experiment, state }) => {
    const thresholds = 'thresholds' in state ? state['thresholds'] : new Float32Array(thresholdCount(plan, experiment))
    return { arrays: { thresholds }, bits: thresholds.length * thresholdBits }
  },
  localTraining: trainThresholds,
  expectedWork: (context) => ({
    ...plainWork(context),
    receivedBits: thresholdCount(context.plan, context.experiment) * thresholdBits,
    sentBits: thresholdCount(context.plan, context.experiment) * thresholdBits,
  }),
  aggregate: ({ received, uploads }) => {
    const sums = new Float64Array(uploads[0].sent['thresholds'].length)
    for (const { sent } of uploads) {
      arrayOf(sent, 'thresholds', Float32Array).forEach((value, at) => {
        sums[at] += value
      })
    }
    return { ...received, state: { thresholds: Float32Array.from(sums, (sum) => sum / uploads.length) } }
  },
  ownModel: ({ plan, experiment, clientState, state }) => {
    const { weights } = ownWeights(plan, experiment, clientState)
    const thresholds =
      'thresholds' in clientState
        ? arrayOf(clientState, 'thresholds', Float32Array)
        : 'thresholds' in state
          ? arrayOf(state, 'thresholds', Float32Array)
          : new Float32Array(thresholdCount(plan, experiment))
    const excluded = excludedLayers(plan.prunable, experiment)
    const mask = maskOfThresholds(plan, weights, thresholds.slice(), excluded)
    return { parameters: applyMask(plan, weights, mask), mask }
  },
  accounting: (cost, { transfer }) => ({ ...cost, downloadBits: transfer.receivedBits, uploadBits: transfer.sentBits }),
}
