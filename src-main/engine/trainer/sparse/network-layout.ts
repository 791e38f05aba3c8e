import type { ConvolutionPlan, DensePlan, ModelPlan, PrunableLayerPlan } from '../../models/plan'
import { Arrangement } from './kernels'
import { stageCallWords } from './stages'
import { convolutionGeometry, denseGeometry, mostBands, type TapGeometry } from './tap-lists'
import {
  featureView,
  noView,
  placeActivations,
  placeBorderedGradient,
  placeSliceGradient,
  tensorChain,
  vectorBytes,
  type BorderedGradient,
  type ComputedLayer,
  type View,
} from './tensors'

/** Positions of one prunable layer's lists, in bytes. Lists have room for every weight of the layer. */
export interface LayerLists {
  readonly plan: PrunableLayerPlan
  readonly geometry: TapGeometry
  readonly needsInputGradient: boolean
  readonly forwardStarts: number
  readonly forwardOffsets: number
  readonly forwardSources: number
  readonly transposedStarts: number
  readonly transposedOffsets: number
  readonly transposedSources: number
  /** Lists of all positions, for the dense gradient; 0 until it is asked for. */
  readonly allStarts: number
  readonly allOffsets: number
}

/** One layer record of the heap, without the parts that change with the mask. */
interface LayerRecord {
  readonly kind: number
  readonly computed: ComputedLayer
  readonly input: View
  readonly output: View
  readonly outputGradient: View
  readonly inputGradient: View
  readonly flattenedGradient: View
  readonly borderedGradient: View
  readonly lists: LayerLists | null
}

export interface NetworkLayout {
  readonly lanes: number
  readonly network: number
  readonly layers: number
  /** Room for what `run_stage` is to do. */
  readonly stageCall: number
  readonly records: readonly LayerRecord[]
  readonly lists: readonly LayerLists[]
  readonly input: View
  readonly tables: number
  readonly logits: number
  readonly logitsGradient: number
  readonly logitsSlice: number
  readonly rectifiedLogits: boolean
  readonly rectifiedInput: boolean
  readonly scratch: number
  /** Packed active weights, layer by layer, then all biases. Each has room for `plan.parameterCount` and a whole vector. */
  readonly parameters: number
  readonly gradients: number
  readonly velocities: number
  readonly received: number
  /** Which packed weights do not exist (see packed-parameters.ts). */
  readonly absent: number
  /** Gradient of every prunable weight; 0 until it is asked for. */
  readonly denseGradient: number
  /** First byte behind all this. */
  readonly end: number
}

/** Words of the C structs; the kernels assert the same. */
const layerWords = 72
export const networkWords = 38

/** Floats the packed parameters have room for. */
function packedCapacity(plan: ModelPlan): number {
  return Math.ceil(plan.parameterCount / 8) * 8
}

/**
 * Places a network for batches of up to `lanes` images.
 *
 * @param withDenseGradient also places the lists of all weight positions
 */
export function layOutNetwork(plan: ModelPlan, base: number, lanes: number, withDenseGradient: boolean): NetworkLayout {
  const chain = tensorChain(plan)
  const room = new Arrangement(base)
  const network = room.take(networkWords * 4)
  const layers = room.take(chain.length * layerWords * 4)
  const stageCall = room.take(stageCallWords * 4)
  const tables = room.take(plan.inputShape[0] * 256 * 4)
  const packedBytes = packedCapacity(plan) * 4
  const parameters = room.take(packedBytes)
  const gradients = room.take(packedBytes)
  const velocities = room.take(packedBytes)
  const received = room.take(packedBytes)
  const absent = room.take(packedBytes)
  const denseGradient = withDenseGradient ? room.take(plan.prunableCount * 4) : 0
  const scratch = room.take(scratchBytes(chain))
  const input = placeActivations(chain[0].input, lanes, room)
  const records: LayerRecord[] = []
  let activations = input
  let incomingGradient = noView
  for (const computed of chain) {
    const record = placeLayer(computed, activations, incomingGradient, lanes, withDenseGradient, room)
    records.push(record.layer)
    activations = record.activations
    incomingGradient = record.gradientForNext
  }
  const last = chain[chain.length - 1]
  return {
    lanes,
    network,
    layers,
    stageCall,
    records,
    lists: records.flatMap((record) => record.lists ?? []),
    input,
    tables,
    logits: activations.base,
    logitsGradient: incomingGradient.base,
    logitsSlice: activations.slice,
    rectifiedLogits: last.output.rectified,
    rectifiedInput: chain[0].input.rectified,
    scratch,
    parameters,
    gradients,
    velocities,
    received,
    absent,
    denseGradient,
    end: room.end,
  }
}

/**
 * Places one layer's output and the gradient of it.
 *
 * @param inputGradient where this layer writes the gradient of its input; `noView` when nothing before it learns
 */
function placeLayer(
  computed: ComputedLayer,
  input: View,
  inputGradient: View,
  lanes: number,
  withDenseGradient: boolean,
  room: Arrangement,
): { layer: LayerRecord; activations: View; gradientForNext: View } {
  const { plan, output: tensor } = computed
  const output = placeActivations(tensor, lanes, room)
  const flattened = tensor.flattened && tensor.needsGradient ? placeActivations(tensor, lanes, room) : noView
  const common = { computed, output, flattenedGradient: noView, borderedGradient: noView, inputGradient }
  switch (plan.kind) {
    case 'max-pooling': {
      const own = tensor.needsGradient && !tensor.flattened ? placeSliceGradient(tensor, room) : flattened
      return {
        layer: { ...common, kind: 1, input, outputGradient: own, lists: null },
        activations: output,
        gradientForNext: own,
      }
    }
    case 'dense': {
      const features = featureView(input)
      const gradient = featureView(flattened)
      const geometry = denseGeometry(plan, features, gradient)
      return {
        layer: {
          ...common,
          kind: 0,
          input: features,
          output: featureView(output),
          outputGradient: gradient,
          borderedGradient: gradient,
          inputGradient: inputGradient.base === 0 ? noView : featureView(inputGradient),
          lists: placeLists(plan, geometry, inputGradient.base !== 0, withDenseGradient, room),
        },
        activations: output,
        gradientForNext: flattened,
      }
    }
    case 'convolution': {
      const bordered: BorderedGradient = placeBorderedGradient(plan, room)
      const geometry = convolutionGeometry(plan, input, bordered)
      return {
        layer: {
          ...common,
          kind: 0,
          input,
          outputGradient: bordered.inner,
          borderedGradient: bordered.outer,
          flattenedGradient: flattened,
          lists: placeLists(plan, geometry, inputGradient.base !== 0, withDenseGradient, room),
        },
        activations: output,
        gradientForNext: tensor.flattened ? flattened : bordered.inner,
      }
    }
  }
}

function placeLists(
  plan: ConvolutionPlan | DensePlan,
  geometry: TapGeometry,
  needsInputGradient: boolean,
  withDenseGradient: boolean,
  room: Arrangement,
): LayerLists {
  return {
    plan,
    geometry,
    needsInputGradient,
    forwardStarts: room.take((mostBands * geometry.outputs + 1) * 4),
    forwardOffsets: room.take(plan.weightCount * 4),
    forwardSources: room.take(plan.weightCount * 4),
    transposedStarts: room.take((mostBands * geometry.inputs * geometry.kernelHeight + 1) * 4),
    transposedOffsets: room.take(plan.weightCount * 4),
    transposedSources: room.take(plan.weightCount * 4),
    allStarts: withDenseGradient ? room.take((geometry.outputs + 1) * 4) : 0,
    allOffsets: withDenseGradient ? room.take(plan.weightCount * 4) : 0,
  }
}

function scratchBytes(chain: readonly ComputedLayer[]): number {
  const planes = chain.map(({ plan }) => (plan.kind === 'max-pooling' ? plan.inputHeight * plan.outputWidth : 0))
  return 2 * vectorBytes * Math.max(...planes)
}

/** Where a layer finds its packed weights; changes with the mask. */
export interface PackedLayer {
  /** Bytes from the start of the packed parameters. */
  readonly weights: number
  readonly biases: number
  readonly forwardBands: number
  readonly transposedBands: number
}

/**
 * The words of all layer records.
 *
 * @param packed one entry per prunable layer
 * @param dense whether weight gradients are wanted at all positions instead of the active ones
 */
export function layerRecordWords(layout: NetworkLayout, packed: readonly PackedLayer[], dense: boolean): number[] {
  let prunable = 0
  return layout.records.flatMap((record) => {
    const { plan } = record.computed
    const own = record.lists === null ? noTapWords : tapWords(layout, record.lists, packed[prunable++], dense)
    const sizes = layerSizes(plan)
    return [
      record.kind,
      plan.kind === 'dense' ? 0 : 1,
      ...sizes,
      record.computed.output.rectified ? 1 : 0,
      record.computed.input.rectified ? 1 : 0,
      ...viewWords(record.input),
      ...viewWords(record.output),
      ...viewWords(record.outputGradient),
      ...viewWords(record.inputGradient),
      ...viewWords(record.flattenedGradient),
      ...viewWords(record.borderedGradient),
      ...own,
    ]
  })
}

const noTapWords = new Array<number>(30).fill(0)

function tapWords(layout: NetworkLayout, lists: LayerLists, packed: PackedLayer, dense: boolean): number[] {
  const { plan, geometry } = lists
  const { firstRow, endRow, rowStep } = geometry.transposedRows
  const byInput = geometry.packsByInput
  const own = layout.parameters + packed.weights
  const ownGradient = layout.gradients + packed.weights
  const forward = [lists.forwardStarts, lists.forwardOffsets]
  const forwardShape = wholeLists(packed.forwardBands)
  const transposed = [lists.transposedStarts, lists.transposedOffsets]
  const transposedShape = [packed.transposedBands, geometry.kernelHeight, firstRow, endRow, rowStep]
  let gradient = byInput
    ? [...transposed, ownGradient, 0, ...transposedShape, 1]
    : [...forward, ownGradient, 0, ...forwardShape, 0]
  if (dense) {
    gradient = [lists.allStarts, lists.allOffsets, layout.denseGradient + plan.maskOffset * 4, 0, ...wholeLists(1), 0]
  }
  return [
    ...[...forward, own, byInput ? lists.forwardSources : 0, ...forwardShape],
    ...[...transposed, own, byInput ? 0 : lists.transposedSources, ...transposedShape],
    ...gradient,
    ...[layout.parameters + packed.biases, layout.gradients + packed.biases],
  ]
}

/** Bands, and all kernel rows in one. */
function wholeLists(bands: number): number[] {
  return [bands, 1, 0, 1, 0]
}

/** Channels, height and width of input and output, window, stride. */
function layerSizes(plan: ComputedLayer['plan']): number[] {
  switch (plan.kind) {
    case 'dense':
      return [plan.inputs, 1, 0, plan.outputs, 1, 0, 0, 1]
    case 'convolution': {
      const input = [plan.inputChannels, plan.inputHeight, plan.inputWidth]
      return [...input, plan.outputChannels, plan.outputHeight, plan.outputWidth, 0, plan.stride]
    }
    case 'max-pooling': {
      const input = [plan.channels, plan.inputHeight, plan.inputWidth]
      return [...input, plan.channels, plan.outputHeight, plan.outputWidth, plan.window, plan.stride]
    }
  }
}

export function viewWords(view: View): number[] {
  return [view.base, view.channel, view.row, view.position, view.slice]
}
