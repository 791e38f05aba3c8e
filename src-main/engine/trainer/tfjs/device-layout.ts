import type { ModelPlan, PrunableLayerPlan } from '../../models/plan'
import { range } from '../../random/draw'

/**
 * Order of the parameters on a device. TensorFlow.js has kernels `[height, width, in, out]` and `[in, out]` and images with
 * the channels last; everything above the trainer has PyTorch's orders. Layers keep their offsets, only the weights within
 * a layer are permuted; the rows of a dense layer behind images follow their channels-last order.
 */
export interface DeviceLayout {
  /** For each parameter of the device, its place in the plan's flat parameters. */
  readonly places: Uint32Array
}

export function deviceLayout(plan: ModelPlan): DeviceLayout {
  const places = range(plan.parameterCount)
  let [channels, height, width] = plan.inputShape
  for (const layer of plan.layers) {
    if (layer.kind === 'convolution') {
      places.set(weightPlaces(layer, layer.inputChannels, layer.kernelHeight, layer.kernelWidth), layer.weightOffset)
      ;[channels, height, width] = [layer.outputChannels, layer.outputHeight, layer.outputWidth]
    } else if (layer.kind === 'max-pooling') {
      ;[height, width] = [layer.outputHeight, layer.outputWidth]
    } else if (layer.kind === 'dense') {
      places.set(weightPlaces(layer, channels, height, width), layer.weightOffset)
      ;[channels, height, width] = [layer.outputs, 1, 1]
    }
  }
  return { places }
}

/** `[out, in, height, width]` read in the order `[height, width, in, out]`. */
function weightPlaces(layer: PrunableLayerPlan, inputs: number, height: number, width: number): Uint32Array {
  const outputs = layer.biasCount
  const places = new Uint32Array(layer.weightCount)
  let at = 0
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let input = 0; input < inputs; input++) {
        for (let output = 0; output < outputs; output++) {
          places[at++] = layer.weightOffset + ((output * inputs + input) * height + y) * width + x
        }
      }
    }
  }
  return places
}

/** Parameters in the order of the device, with 0 wherever the mask is 0. */
export function toDevice(plan: ModelPlan, { places }: DeviceLayout, parameters: Float32Array, mask: Uint8Array) {
  const active = activeParameters(plan, mask)
  return Float32Array.from(places, (place) => (active[place] === 1 ? parameters[place] : 0))
}

/** 1 for every active weight and every bias, in the order of the device. */
export function maskOnDevice(plan: ModelPlan, { places }: DeviceLayout, mask: Uint8Array): Float32Array {
  const active = activeParameters(plan, mask)
  return Float32Array.from(places, (place) => active[place])
}

/** Values of the device in the order of the plan's flat parameters. */
export function fromDevice({ places }: DeviceLayout, values: Float32Array): Float32Array {
  const parameters = new Float32Array(places.length)
  places.forEach((place, index) => {
    parameters[place] = values[index]
  })
  return parameters
}

function activeParameters(plan: ModelPlan, mask: Uint8Array): Uint8Array {
  const active = new Uint8Array(plan.parameterCount).fill(1)
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    active.set(mask.subarray(maskOffset, maskOffset + weightCount), weightOffset)
  }
  return active
}
