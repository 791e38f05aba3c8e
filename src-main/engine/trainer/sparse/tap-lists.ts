import type { ConvolutionPlan, DensePlan } from '../../models/plan'
import { vectorBytes, type BorderedGradient, type View } from './tensors'

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
  /** Bytes that the taps of one input (transposed: output) reach for one tile of positions, about. */
  readonly inputReach: number
  readonly outputReach: number
  /** Kernel rows that input row y's gradient needs: firstRow + y to endRow + y; the others meet the border only. */
  /** Whether the packed parameters lie in the order of the transposed list instead of the forward one. */
  readonly packsByInput: boolean
  readonly transposedRows: { readonly firstRow: number; readonly endRow: number; readonly rowStep: number }
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
    // All slices of a batch of 32 are used together.
    inputReach: 4 * input.channel,
    outputReach: 4 * gradient.channel,
    // Backward visits each weight twice, forward once.
    packsByInput: true,
    transposedRows: { firstRow: 0, endRow: 1, rowStep: 0 },
    forward: { channel: input.channel, row: 0, column: 0, corner: 0 },
    transposed: { channel: gradient.channel, row: 0, column: 0, corner: 0 },
  }
}

export function convolutionGeometry(layer: ConvolutionPlan, input: View, gradient: BorderedGradient): TapGeometry {
  const { padding, kernelHeight, kernelWidth, stride, outputHeight } = layer
  const reach = kernelHeight * (usualTile + kernelWidth) * vectorBytes
  const { outer, borderRows, borderColumns } = gradient
  return {
    outputs: layer.outputChannels,
    inputs: layer.inputChannels,
    kernelHeight,
    kernelWidth,
    inputReach: reach,
    outputReach: reach,
    packsByInput: false,
    transposedRows: { firstRow: padding - (outputHeight - 1) * stride, endRow: padding + 1, rowStep: 1 },
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

/** Positions that the kernels compute at once, about. */
const usualTile = 8
/** What a band may reach: half of a first-level cache. */
const bandBytes = 16 * 1024
/** Fewer taps than this are not worth storing and loading sums for. */
const tapsOfBand = 16

/**
 * Inputs (transposed: outputs) per band: so few that what their taps reach stays in the first-level cache, unless the lists
 * would become too short. Sums run in the same order whatever the bands.
 */
function channelsOfBand(inputs: number, outputs: number, reach: number, taps: number): number {
  const byCache = Math.ceil((inputs * reach) / bandBytes)
  const byLength = Math.floor(taps / (outputs * tapsOfBand))
  return Math.ceil(inputs / Math.max(1, Math.min(byCache, byLength, mostBands)))
}
/** The lists have room for the starts of so many bands. */
export const mostBands = 64

/** Windows on the heap that a layer's lists are written into. */
export interface TapWindows {
  /** By output: room for (bands · outputs + 1). */
  readonly forwardStarts: Int32Array
  readonly forwardOffsets: Int32Array
  /** For each tap the position of its weight among the layer's packed ones. */
  readonly forwardSources: Int32Array
  /** By input and kernel row: room for (bands · inputs · kernelHeight + 1). */
  readonly transposedStarts: Int32Array
  readonly transposedOffsets: Int32Array
  readonly transposedSources: Int32Array
}

/**
 * Lists the active taps by band of inputs and output channel, otherwise in the order of the flat kernel; and again by band
 * of outputs, input channel and kernel row.
 *
 * @param active flat kernel positions of the active weights, ascending
 * @returns the bands of both lists, and the flat kernel positions in the order of the packed parameters
 */
export function writeTapLists(
  geometry: TapGeometry,
  active: Uint32Array,
  windows: TapWindows,
): { forwardBands: number; transposedBands: number; positions: Uint32Array } {
  const { outputs, inputs, kernelHeight, kernelWidth, forward, transposed } = geometry
  const { forwardOffsets, forwardSources, transposedOffsets, transposedSources } = windows
  const kernelArea = kernelHeight * kernelWidth
  const inputsOfBand = channelsOfBand(inputs, outputs, geometry.inputReach, active.length)
  const outputsOfBand = channelsOfBand(outputs, inputs, geometry.outputReach, active.length)
  const forwardBands = Math.ceil(inputs / inputsOfBand)
  const transposedBands = Math.ceil(outputs / outputsOfBand)
  const forwardKeys = new Uint32Array(active.length)
  const transposedKeys = new Uint32Array(active.length)
  for (let tap = 0; tap < active.length; tap++) {
    const kernel = Math.floor(active[tap] / kernelArea)
    const output = Math.floor(kernel / inputs)
    const input = kernel % inputs
    const row = Math.floor((active[tap] % kernelArea) / kernelWidth)
    forwardKeys[tap] = Math.floor(input / inputsOfBand) * outputs + output
    transposedKeys[tap] = (Math.floor(output / outputsOfBand) * inputs + input) * kernelHeight + row
  }
  const nextForward = startLists(forwardKeys, windows.forwardStarts.subarray(0, forwardBands * outputs + 1))
  const nextTransposed = startLists(
    transposedKeys,
    windows.transposedStarts.subarray(0, transposedBands * inputs * kernelHeight + 1),
  )
  const positions = new Uint32Array(active.length)
  for (let tap = 0; tap < active.length; tap++) {
    const position = active[tap]
    const kernel = Math.floor(position / kernelArea)
    const output = Math.floor(kernel / inputs)
    const input = kernel % inputs
    const row = Math.floor((position % kernelArea) / kernelWidth)
    const column = position % kernelWidth
    const place = nextForward[forwardKeys[tap]]++
    forwardOffsets[place] = forward.corner + input * forward.channel + row * forward.row + column * forward.column
    const transposedPlace = nextTransposed[transposedKeys[tap]]++
    transposedOffsets[transposedPlace] =
      transposed.corner + output * transposed.channel + row * transposed.row + column * transposed.column
    const packed = geometry.packsByInput ? transposedPlace : place
    positions[packed] = position
    forwardSources[place] = packed
    transposedSources[transposedPlace] = packed
  }
  return { forwardBands, transposedBands, positions }
}

/** Writes where the list of every key starts, and the end of the last; returns a copy to count on. */
function startLists(keys: Uint32Array, starts: Int32Array): Int32Array {
  starts.fill(0)
  for (const key of keys) starts[key + 1]++
  for (let key = 1; key < starts.length; key++) starts[key] += starts[key - 1]
  return starts.slice()
}
