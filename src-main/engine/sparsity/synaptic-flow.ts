import type { ConvolutionPlan, DensePlan, LayerPlan, MaxPoolingPlan, ModelPlan } from '../models/plan'

interface SynapticFlow {
  /** R: the sum of all outputs. */
  readonly flow: number
  /** |θ·∂R/∂θ| of every prunable weight, in the order of the mask. Those of a layer without biases sum to R. */
  readonly scores: Float64Array
}

/**
 * The synaptic flow of a network (Tanaka et al. 2020): every parameter, biases included, is replaced by its absolute value and
 * every input is 1. Everything is then positive, so that a ReLU lets all pass; a pooling window passes its first largest value.
 * Float64, because products over layers grow and shrink fast; no image and no loss is involved. Weights that are 0 cost nothing.
 */
export function synapticFlow(plan: ModelPlan, parameters: Float32Array): SynapticFlow {
  const [channels, height, width] = plan.inputShape
  let values: Float64Array = new Float64Array(channels * height * width).fill(1)
  const received: Float64Array[] = []
  for (const layer of plan.layers) {
    received.push(values)
    values = forward(layer, parameters, values)
  }
  const flow = values.reduce((sum, value) => sum + value, 0)
  const scores = new Float64Array(plan.prunableCount)
  let slopes: Float64Array = new Float64Array(values.length).fill(1)
  for (let depth = plan.layers.length - 1; depth >= 0; depth--) {
    slopes = backward(plan.layers[depth], parameters, received[depth], slopes, scores)
  }
  return { flow, scores }
}

function forward(layer: LayerPlan, parameters: Float32Array, inputs: Float64Array): Float64Array {
  switch (layer.kind) {
    case 'relu':
    case 'flatten':
      return inputs
    case 'max-pooling':
      return Float64Array.from(largestOfWindows(layer, inputs), (at) => inputs[at])
    case 'dense':
    case 'convolution': {
      const { outputs, positions } = sizes(layer)
      const sums = new Float64Array(outputs * positions)
      for (let at = 0; at < sums.length; at++) {
        sums[at] = Math.abs(parameters[layer.biasOffset + Math.floor(at / positions)])
      }
      eachConnection(layer, parameters, (_, weight, input, output) => {
        sums[output] += weight * inputs[input]
      })
      return sums
    }
  }
}

/** The slopes of R by the layer's inputs; writes the layer's scores. */
function backward(
  layer: LayerPlan,
  parameters: Float32Array,
  inputs: Float64Array,
  slopes: Float64Array,
  scores: Float64Array,
): Float64Array {
  switch (layer.kind) {
    case 'relu':
    case 'flatten':
      return slopes
    case 'max-pooling': {
      const result = new Float64Array(inputs.length)
      largestOfWindows(layer, inputs).forEach((at, output) => {
        result[at] += slopes[output]
      })
      return result
    }
    case 'dense':
    case 'convolution': {
      const result = new Float64Array(inputs.length)
      eachConnection(layer, parameters, (at, weight, input, output) => {
        const slope = weight * slopes[output]
        result[input] += slope
        scores[layer.maskOffset + at] += slope * inputs[input]
      })
      return result
    }
  }
}

function sizes(layer: ConvolutionPlan | DensePlan): { readonly outputs: number; readonly positions: number } {
  return layer.kind === 'dense'
    ? { outputs: layer.outputs, positions: 1 }
    : { outputs: layer.outputChannels, positions: layer.outputHeight * layer.outputWidth }
}

/** Calls with every use of every weight that is not 0: its position in the layer, |w|, and the input and output it connects. */
function eachConnection(
  layer: ConvolutionPlan | DensePlan,
  parameters: Float32Array,
  visit: (at: number, weight: number, input: number, output: number) => void,
): void {
  const { weightOffset, weightCount } = layer
  for (let at = 0; at < weightCount; at++) {
    const weight = Math.abs(parameters[weightOffset + at])
    if (weight === 0) continue
    if (layer.kind === 'dense') {
      visit(at, weight, at % layer.inputs, Math.floor(at / layer.inputs))
      continue
    }
    const { inputChannels, kernelHeight, kernelWidth, stride, padding } = layer
    const column = at % kernelWidth
    const row = Math.floor(at / kernelWidth) % kernelHeight
    const channel = Math.floor(at / (kernelWidth * kernelHeight)) % inputChannels
    const filter = Math.floor(at / (kernelWidth * kernelHeight * inputChannels))
    for (let y = 0; y < layer.outputHeight; y++) {
      const inputY = y * stride + row - padding
      if (inputY < 0 || inputY >= layer.inputHeight) continue
      for (let x = 0; x < layer.outputWidth; x++) {
        const inputX = x * stride + column - padding
        if (inputX < 0 || inputX >= layer.inputWidth) continue
        visit(
          at,
          weight,
          (channel * layer.inputHeight + inputY) * layer.inputWidth + inputX,
          (filter * layer.outputHeight + y) * layer.outputWidth + x,
        )
      }
    }
  }
}

/** Position of the first largest input in each window. */
function largestOfWindows(layer: MaxPoolingPlan, inputs: Float64Array): Uint32Array {
  const { window, stride, channels, inputHeight, inputWidth, outputHeight, outputWidth } = layer
  const positions = new Uint32Array(channels * outputHeight * outputWidth)
  for (let output = 0; output < positions.length; output++) {
    const x = (output % outputWidth) * stride
    const y = (Math.floor(output / outputWidth) % outputHeight) * stride
    const channel = Math.floor(output / (outputWidth * outputHeight))
    let largest = (channel * inputHeight + y) * inputWidth + x
    for (let row = 0; row < window; row++) {
      for (let column = 0; column < window; column++) {
        const at = (channel * inputHeight + y + row) * inputWidth + x + column
        if (inputs[at] > inputs[largest]) largest = at
      }
    }
    positions[output] = largest
  }
  return positions
}
