import { EspalierError } from '../../contract/commands'
import type { ModelName } from '../../contract/experiment'
import { architecture, type InputShape, type Stage } from './architectures'
import type { LayerPlan, ModelPlan, PrunableLayerPlan } from './plan'

/**
 * The plan of a named model: layers with all sizes and the positions of their parameters. `widths` replaces the hidden
 * widths (channels and units, in order) for a narrowed copy.
 * Throws when the model is not defined for the input shape or the widths do not fit.
 */
export function buildPlan(
  model: ModelName,
  inputShape: InputShape,
  classes: number,
  widths?: readonly number[],
): ModelPlan {
  const { hiddenWidths, stages } = architecture(model, inputShape)
  const used = widths ?? hiddenWidths
  if (used.length !== hiddenWidths.length || used.some((width) => !Number.isInteger(width) || width < 1)) {
    throw new EspalierError(
      'wrong-input',
      `widths: [${used.join(', ')}] is not allowed for ${model}; allowed: ${hiddenWidths.length} whole numbers from 1`,
    )
  }
  const name = widths === undefined ? model : `${model} ${used.join('-')}`
  return resolve(name, inputShape, classes, stages(used, classes))
}

function resolve(name: string, inputShape: InputShape, classes: number, stages: readonly Stage[]): ModelPlan {
  const layers: LayerPlan[] = []
  const prunable: PrunableLayerPlan[] = []
  let [channels, height, width] = inputShape
  let parameterCount = 0
  let prunableCount = 0

  const place = (kind: 'conv' | 'fc', weightCount: number, biasCount: number) => {
    const sameKind = prunable.filter((layer) => (layer.kind === 'convolution') === (kind === 'conv')).length
    const position = {
      name: `${kind}${sameKind + 1}`,
      weightOffset: parameterCount,
      weightCount,
      maskOffset: prunableCount,
      biasOffset: parameterCount + weightCount,
      biasCount,
    }
    parameterCount += weightCount + biasCount
    prunableCount += weightCount
    return position
  }
  const add = (layer: PrunableLayerPlan) => {
    layers.push(layer)
    prunable.push(layer)
  }
  /** Size after sliding a window; a window that does not fit means that the images are too small for the model. */
  const slide = (size: number, window: number, stride: number, padding: number) => {
    const steps = Math.floor((size + 2 * padding - window) / stride) + 1
    if (steps >= 1) return steps
    throw new EspalierError(
      'wrong-input',
      `model: ${name} is not defined for ${inputShape.join('×')} images; allowed: larger images or lenet-300-100`,
    )
  }

  for (const stage of stages) {
    switch (stage.kind) {
      case 'convolution': {
        const { channels: outputChannels, kernel, padding } = stage
        const outputHeight = slide(height, kernel, 1, padding)
        const outputWidth = slide(width, kernel, 1, padding)
        add({
          kind: 'convolution',
          ...place('conv', outputChannels * channels * kernel * kernel, outputChannels),
          inputChannels: channels,
          outputChannels,
          kernelHeight: kernel,
          kernelWidth: kernel,
          stride: 1,
          padding,
          inputHeight: height,
          inputWidth: width,
          outputHeight,
          outputWidth,
        })
        ;[channels, height, width] = [outputChannels, outputHeight, outputWidth]
        break
      }
      case 'max-pooling': {
        const { window, stride } = stage
        const outputHeight = slide(height, window, stride, 0)
        const outputWidth = slide(width, window, stride, 0)
        layers.push({
          kind: 'max-pooling',
          window,
          stride,
          channels,
          inputHeight: height,
          inputWidth: width,
          outputHeight,
          outputWidth,
        })
        ;[height, width] = [outputHeight, outputWidth]
        break
      }
      case 'relu':
        layers.push({ kind: 'relu', size: channels * height * width })
        break
      case 'flatten':
        ;[channels, height, width] = [channels * height * width, 1, 1]
        layers.push({ kind: 'flatten', size: channels })
        break
      case 'dense':
        add({
          kind: 'dense',
          ...place('fc', stage.outputs * channels, stage.outputs),
          inputs: channels,
          outputs: stage.outputs,
        })
        channels = stage.outputs
        break
    }
  }
  return { name, inputShape, classes, layers, prunable, parameterCount, prunableCount }
}

/** Shape of a layer's kernel as PyTorch writes it: `[out, in, height, width]` or `[out, in]`. */
export function kernelShape(layer: PrunableLayerPlan): number[] {
  return layer.kind === 'convolution'
    ? [layer.outputChannels, layer.inputChannels, layer.kernelHeight, layer.kernelWidth]
    : [layer.outputs, layer.inputs]
}
