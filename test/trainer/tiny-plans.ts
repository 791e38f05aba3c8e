import type { LayerPlan, ModelPlan, PrunableLayerPlan } from '../../src-main/engine/models/plan'

/** A layer of a tiny network, before its sizes are resolved. */
export type TinyLayer =
  | {
      readonly kind: 'convolution'
      readonly channels: number
      readonly kernel: readonly [number, number]
      readonly stride?: number
      readonly padding?: number
    }
  | { readonly kind: 'max-pooling'; readonly window: number; readonly stride: number }
  | { readonly kind: 'relu' }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dense'; readonly outputs: number }
  /** At the very end, before the loss takes its own softmax. */
  | { readonly kind: 'softmax' }

/** A plan of any chain of layers, for networks that no preset has. */
export function tinyPlan(inputShape: readonly [number, number, number], tinyLayers: readonly TinyLayer[]): ModelPlan {
  const layers: LayerPlan[] = []
  const prunable: PrunableLayerPlan[] = []
  let [channels, height, width] = inputShape
  let parameterCount = 0
  let prunableCount = 0
  const place = (weightCount: number, biasCount: number) => {
    const position = {
      name: `layer${prunable.length + 1}`,
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
  const slide = (size: number, window: number, stride: number, padding: number) =>
    Math.floor((size + 2 * padding - window) / stride) + 1
  for (const layer of tinyLayers) {
    if (layer.kind === 'softmax') continue
    if (layer.kind === 'relu') layers.push({ kind: 'relu', size: channels * height * width })
    else if (layer.kind === 'flatten') {
      ;[channels, height, width] = [channels * height * width, 1, 1]
      layers.push({ kind: 'flatten', size: channels })
    } else if (layer.kind === 'max-pooling') {
      const { window, stride } = layer
      const outputHeight = slide(height, window, stride, 0)
      const outputWidth = slide(width, window, stride, 0)
      layers.push({ ...layer, channels, inputHeight: height, inputWidth: width, outputHeight, outputWidth })
      ;[height, width] = [outputHeight, outputWidth]
    } else if (layer.kind === 'convolution') {
      const { stride = 1, padding = 0 } = layer
      const [kernelHeight, kernelWidth] = layer.kernel
      const outputHeight = slide(height, kernelHeight, stride, padding)
      const outputWidth = slide(width, kernelWidth, stride, padding)
      const convolution: PrunableLayerPlan = {
        kind: 'convolution',
        ...place(layer.channels * channels * kernelHeight * kernelWidth, layer.channels),
        inputChannels: channels,
        outputChannels: layer.channels,
        kernelHeight,
        kernelWidth,
        stride,
        padding,
        inputHeight: height,
        inputWidth: width,
        outputHeight,
        outputWidth,
      }
      layers.push(convolution)
      prunable.push(convolution)
      ;[channels, height, width] = [layer.channels, outputHeight, outputWidth]
    } else {
      const dense: PrunableLayerPlan = {
        kind: 'dense',
        ...place(layer.outputs * channels * height * width, layer.outputs),
        inputs: channels * height * width,
        outputs: layer.outputs,
      }
      layers.push(dense)
      prunable.push(dense)
      ;[channels, height, width] = [layer.outputs, 1, 1]
    }
  }
  const classes = channels * height * width
  const endsInSoftmax = tinyLayers.at(-1)?.kind === 'softmax'
  return { name: 'tiny', inputShape, classes, endsInSoftmax, layers, prunable, parameterCount, prunableCount }
}
