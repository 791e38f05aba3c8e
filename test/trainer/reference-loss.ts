import type { ConvolutionPlan, DensePlan, MaxPoolingPlan, ModelPlan } from '../../src-main/engine/models/plan'
import type { LabelledImages } from '../../src-main/engine/trainer/trainer'

/**
 * Cross-entropy of one image in double precision, layer by layer as the definitions read. It shares nothing with the
 * kernels; gradients are checked against its central differences.
 */
export function referenceLoss(
  plan: ModelPlan,
  parameters: ArrayLike<number>,
  images: LabelledImages,
  image: number,
): number {
  const outputs = referenceLogits(plan, parameters, images, image)
  const logits = plan.endsInSoftmax === true ? softmax(outputs) : outputs
  const largest = Math.max(...logits)
  const total = logits.reduce((sum, logit) => sum + Math.exp(logit - largest), 0)
  return Math.log(total) + largest - logits[images.labels[image]]
}

function softmax(values: readonly number[]): number[] {
  const powers = values.map(Math.exp)
  const total = powers.reduce((sum, power) => sum + power, 0)
  return powers.map((power) => power / total)
}

export function referenceLogits(
  plan: ModelPlan,
  parameters: ArrayLike<number>,
  images: LabelledImages,
  image: number,
): number[] {
  const area = images.shape[1] * images.shape[2]
  const size = images.shape[0] * area
  let values = Array.from({ length: size }, (_, index) => {
    const channel = Math.floor(index / area)
    return (images.pixels[image * size + index] / 255 - images.mean[channel]) / images.deviation[channel]
  })
  for (const layer of plan.layers) {
    if (layer.kind === 'convolution') values = convolve(layer, parameters, values)
    else if (layer.kind === 'dense') values = multiply(layer, parameters, values)
    else if (layer.kind === 'max-pooling') values = poolMaximum(layer, values)
    else if (layer.kind === 'relu') values = values.map((value) => Math.max(0, value))
  }
  return values
}

function convolve(layer: ConvolutionPlan, parameters: ArrayLike<number>, input: number[]): number[] {
  const output: number[] = []
  for (let o = 0; o < layer.outputChannels; o++) {
    for (let y = 0; y < layer.outputHeight; y++) {
      for (let x = 0; x < layer.outputWidth; x++) {
        let sum = parameters[layer.biasOffset + o]
        for (let c = 0; c < layer.inputChannels; c++) {
          for (let ky = 0; ky < layer.kernelHeight; ky++) {
            for (let kx = 0; kx < layer.kernelWidth; kx++) {
              const row = y * layer.stride + ky - layer.padding
              const column = x * layer.stride + kx - layer.padding
              if (row < 0 || row >= layer.inputHeight || column < 0 || column >= layer.inputWidth) continue
              const weight =
                parameters[
                  layer.weightOffset +
                    ((o * layer.inputChannels + c) * layer.kernelHeight + ky) * layer.kernelWidth +
                    kx
                ]
              sum += weight * input[(c * layer.inputHeight + row) * layer.inputWidth + column]
            }
          }
        }
        output.push(sum)
      }
    }
  }
  return output
}

function multiply(layer: DensePlan, parameters: ArrayLike<number>, input: number[]): number[] {
  return Array.from({ length: layer.outputs }, (_, output) =>
    input.reduce(
      (sum, value, index) => sum + parameters[layer.weightOffset + output * layer.inputs + index] * value,
      parameters[layer.biasOffset + output],
    ),
  )
}

function poolMaximum(layer: MaxPoolingPlan, input: number[]): number[] {
  const output: number[] = []
  for (let c = 0; c < layer.channels; c++) {
    for (let y = 0; y < layer.outputHeight; y++) {
      for (let x = 0; x < layer.outputWidth; x++) {
        let best = -Infinity
        for (let ky = 0; ky < layer.window; ky++) {
          for (let kx = 0; kx < layer.window; kx++) {
            const row = y * layer.stride + ky
            const column = x * layer.stride + kx
            best = Math.max(best, input[(c * layer.inputHeight + row) * layer.inputWidth + column])
          }
        }
        output.push(best)
      }
    }
  }
  return output
}
