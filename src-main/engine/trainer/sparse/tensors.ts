import { EspalierError } from '../../../contract/commands'
import type { ConvolutionPlan, DensePlan, LayerPlan, MaxPoolingPlan, ModelPlan } from '../../models/plan'
import type { Arrangement } from './kernels'

/**
 * Where the activations and gradients of a model plan lie (see kernels/network.h): [slice][channel][row][column][8 images].
 */

/** Eight floats. */
export const vectorBytes = 32
export const vectorLanes = 8

/** A position and strides in bytes, in the order of the C struct. */
export interface View {
  readonly base: number
  readonly channel: number
  readonly row: number
  readonly position: number
  readonly slice: number
}
export const noView: View = { base: 0, channel: 0, row: 0, position: 0, slice: 0 }

export interface TensorPlan {
  readonly channels: number
  readonly height: number
  readonly width: number
  /** All images of the batch side by side. */
  flattened: boolean
  /** A ReLU is applied to it. */
  rectified: boolean
  /** Zeros on every side, for the padding of the convolution that reads it. */
  border: number
  /** Some parameter stands before it. */
  readonly needsGradient: boolean
}

/** A layer that computes: ReLU and flattening have become properties of tensors. */
export interface ComputedLayer {
  readonly plan: ConvolutionPlan | DensePlan | MaxPoolingPlan
  readonly input: TensorPlan
  readonly output: TensorPlan
}

/** Reads a plan as a chain of tensors; the last one holds the logits. */
export function tensorChain(plan: ModelPlan): ComputedLayer[] {
  const [channels, height, width] = plan.inputShape
  let current: TensorPlan = newTensor(channels, height, width, false)
  const chain: ComputedLayer[] = []
  for (const layer of plan.layers) {
    if (layer.kind === 'relu') current.rectified = true
    else if (layer.kind === 'flatten') current.flattened = true
    else {
      if (layer.kind === 'dense') current.flattened = true
      else if (current.flattened) refuse(plan, `${layer.kind} after flattening`)
      if (layer.kind === 'convolution') current.border = layer.padding
      const output = outputTensor(layer, current)
      chain.push({ plan: layer, input: current, output })
      current = output
    }
  }
  current.flattened = true
  if (chain.length === 0 || current.channels * current.height * current.width !== plan.classes) {
    refuse(plan, 'a last layer that does not give one logit per class')
  }
  return chain
}

function outputTensor(layer: Exclude<LayerPlan, { kind: 'relu' | 'flatten' }>, input: TensorPlan): TensorPlan {
  switch (layer.kind) {
    case 'convolution':
      return newTensor(layer.outputChannels, layer.outputHeight, layer.outputWidth, true)
    case 'dense':
      return { ...newTensor(layer.outputs, 1, 1, true), flattened: true }
    case 'max-pooling':
      return newTensor(layer.channels, layer.outputHeight, layer.outputWidth, input.needsGradient)
  }
}

function newTensor(channels: number, height: number, width: number, needsGradient: boolean): TensorPlan {
  return { channels, height, width, flattened: false, rectified: false, border: 0, needsGradient }
}

function refuse(plan: ModelPlan, what: string): never {
  throw new EspalierError('refused', `model ${plan.name} has ${what}, which the CPU trainer cannot run`)
}

/** Bytes between slices that are used together: as multiples of a page they would take each other's places in the cache. */
function apart(bytes: number): number {
  const page = 4096
  return Math.ceil(bytes / page) * page + page / 4
}

/** Gives a tensor room for `lanes` images. */
export function placeActivations(tensor: TensorPlan, lanes: number, arrangement: Arrangement): View {
  const { channels, height, width, border } = tensor
  const row = (width + 2 * border) * vectorBytes
  const channel = (height + 2 * border) * row
  const slice = apart(channels * channel)
  const start = arrangement.take((lanes / vectorLanes) * slice)
  return { base: start + border * row + border * vectorBytes, channel, row, position: vectorBytes, slice }
}

/** A flattened tensor as dense layers see it: one channel per feature, one row of vectors, each in its own slice. */
export function featureView({ base, slice }: View): View {
  return { base, channel: vectorBytes, row: 0, position: slice, slice: 0 }
}

/** Room for one slice of a gradient, without a border. */
export function placeSliceGradient(tensor: TensorPlan, arrangement: Arrangement): View {
  const row = tensor.width * vectorBytes
  const channel = tensor.height * row
  return { base: arrangement.take(tensor.channels * channel), channel, row, position: vectorBytes, slice: 0 }
}

export interface BorderedGradient {
  /** Where the gradient is written. */
  readonly inner: View
  /** The same with its zeros: around it, and between rows and columns when the stride is above 1. */
  readonly outer: View
  readonly borderRows: number
  readonly borderColumns: number
}

/**
 * Room for one slice of a convolution's output gradient, laid out so that the input gradient is a plain gathering:
 * input gradient[y][x] = Σ weight · outer[y + padding − ky + borderRows][x + padding − kx + borderColumns].
 */
export function placeBorderedGradient(layer: ConvolutionPlan, arrangement: Arrangement): BorderedGradient {
  const { stride, padding } = layer
  const borderRows = Math.max(0, layer.kernelHeight - 1 - padding)
  const borderColumns = Math.max(0, layer.kernelWidth - 1 - padding)
  const height = borderRows + Math.max((layer.outputHeight - 1) * stride + 1, layer.inputHeight + padding)
  const width = borderColumns + Math.max((layer.outputWidth - 1) * stride + 1, layer.inputWidth + padding)
  const row = width * vectorBytes
  const channel = height * row
  const base = arrangement.take(layer.outputChannels * channel)
  return {
    inner: {
      base: base + borderRows * row + borderColumns * vectorBytes,
      channel,
      row: row * stride,
      position: vectorBytes * stride,
      slice: 0,
    },
    outer: { base, channel, row, position: vectorBytes, slice: 0 },
    borderRows,
    borderColumns,
  }
}
