import type { ConvolutionPlan, DensePlan } from '../../models/plan'
import type { BorderedGradient, View } from './tensors'

/** Byte distances between the taps of one kernel. */
interface TapSteps {
  readonly channel: number
  readonly row: number
  readonly column: number
  /** Distance of the tap at channel 0, row 0, column 0. */
  readonly corner: number
}

/** How one prunable layer's kernel reaches into memory; a dense layer is a convolution with a 1 × 1 kernel. */
export interface TapGeometry {
  readonly outputs: number
  readonly inputs: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  /** From an output's place to the inputs it reads; channels are input channels. */
  readonly forward: TapSteps
  /** From an input's place to the output gradients it reads; channels are output channels, rows run backwards. */
  readonly transposed: TapSteps
}

export function denseGeometry(layer: DensePlan, input: View, gradient: View): TapGeometry {
  return {
    outputs: layer.outputs,
    inputs: layer.inputs,
    kernelHeight: 1,
    kernelWidth: 1,
    forward: { channel: input.channel, row: 0, column: 0, corner: 0 },
    transposed: { channel: gradient.channel, row: 0, column: 0, corner: 0 },
  }
}

export function convolutionGeometry(layer: ConvolutionPlan, input: View, gradient: BorderedGradient): TapGeometry {
  const { padding } = layer
  const { outer, borderRows, borderColumns } = gradient
  return {
    outputs: layer.outputChannels,
    inputs: layer.inputChannels,
    kernelHeight: layer.kernelHeight,
    kernelWidth: layer.kernelWidth,
    forward: {
      channel: input.channel,
      row: input.row,
      column: input.position,
      corner: -padding * (input.row + input.position),
    },
    transposed: {
      channel: outer.channel,
      row: -outer.row,
      column: -outer.position,
      corner: (padding + borderRows) * outer.row + (padding + borderColumns) * outer.position,
    },
  }
}

/** Windows on the heap that a layer's lists are written into. */
export interface TapWindows {
  /** outputs + 1. */
  readonly forwardStarts: Int32Array
  readonly forwardOffsets: Int32Array
  /** inputs + 1. */
  readonly transposedStarts: Int32Array
  readonly transposedOffsets: Int32Array
  /** For each transposed tap the position of its weight in the packed parameters. */
  readonly transposedSources: Int32Array
}

/**
 * Lists the active taps by output channel, in the order of the flat kernel, and again by input channel.
 *
 * @param active flat kernel positions of the active weights, ascending
 * @param firstSource position of the layer's first weight in the packed parameters
 */
export function writeTapLists(
  geometry: TapGeometry,
  active: Uint32Array,
  firstSource: number,
  windows: TapWindows,
): void {
  const { outputs, inputs, kernelHeight, kernelWidth, forward, transposed } = geometry
  const { forwardStarts, forwardOffsets, transposedStarts, transposedOffsets, transposedSources } = windows
  const kernelArea = kernelHeight * kernelWidth
  forwardStarts.fill(0)
  transposedStarts.fill(0)
  for (const position of active) {
    const kernel = Math.floor(position / kernelArea)
    forwardStarts[Math.floor(kernel / inputs) + 1]++
    transposedStarts[(kernel % inputs) + 1]++
  }
  for (let output = 0; output < outputs; output++) forwardStarts[output + 1] += forwardStarts[output]
  for (let input = 0; input < inputs; input++) transposedStarts[input + 1] += transposedStarts[input]
  const next = transposedStarts.slice(0, inputs)
  for (let tap = 0; tap < active.length; tap++) {
    const position = active[tap]
    const kernel = Math.floor(position / kernelArea)
    const output = Math.floor(kernel / inputs)
    const input = kernel % inputs
    const row = Math.floor((position % kernelArea) / kernelWidth)
    const column = position % kernelWidth
    forwardOffsets[tap] = forward.corner + input * forward.channel + row * forward.row + column * forward.column
    const place = next[input]++
    transposedOffsets[place] =
      transposed.corner + output * transposed.channel + row * transposed.row + column * transposed.column
    transposedSources[place] = firstSource + tap
  }
}
