import * as tf from '@tensorflow/tfjs-core'
import type { ConvolutionPlan } from '../../models/plan'

/** A convolution of several clients and what its gradient needs. */
export interface Convolved {
  /** `[clients × images, height, width, channels]`. */
  readonly output: tf.Tensor4D
  /** The images with their border of zeros. */
  readonly padded: tf.Tensor4D
  /** Every window as a row, `[clients, rows, fan-in]`; null where the library's own kernels are used. */
  readonly windows: tf.Tensor3D | null
}

interface ConvolutionGradients {
  /** `[clients, fan-in, outputs]`. */
  readonly weights: tf.Tensor3D
  /** `[clients, outputs]`. */
  readonly biases: tf.Tensor2D
  /** `[clients × images, height, width, channels]`. */
  readonly input: tf.Tensor4D | null
}

/**
 * One convolution for every client. Several clients are one batched product over their windows (im2col), so that the
 * number of launches does not grow with the clients; a single client, and strides above 1, use the library's kernels.
 *
 * @param images `[clients × images, height, width, channels]`
 * @param weights `[clients, height × width × in, out]`
 */
export function convolve(
  layer: ConvolutionPlan,
  images: tf.Tensor4D,
  weights: tf.Tensor3D,
  biases: tf.Tensor3D,
): Convolved {
  const [clients] = weights.shape
  const { outputHeight, outputWidth, outputChannels, stride } = layer
  const padded = withBorder(layer, images)
  const isGrouped = clients > 1 && stride === 1
  const windows = isGrouped
    ? tf.reshape<tf.Rank.R3>(unfold(layer, padded), [clients, -1, layer.weightCount / outputChannels])
    : null
  const products: tf.Tensor3D =
    windows === null
      ? tf.reshape(
          together(
            eachClient(padded, clients).map((own, client) =>
              tf.conv2d(own, filterOf(layer, weights, client), stride, 'valid'),
            ),
          ),
          [clients, -1, outputChannels],
        )
      : tf.matMul(windows, weights)
  const output = tf.reshape(tf.add(products, biases), [-1, outputHeight, outputWidth, outputChannels])
  return { output: output as tf.Tensor4D, padded, windows }
}

/** Gradients of one convolution; that of the images only where it is asked for. */
export function convolutionGradients(
  layer: ConvolutionPlan,
  { padded, windows }: Convolved,
  weights: tf.Tensor3D,
  gradient: tf.Tensor4D,
  wantsInput: boolean,
): ConvolutionGradients {
  const { stride, outputChannels } = layer
  const [clients] = weights.shape
  const rows: tf.Tensor3D = tf.reshape(gradient, [clients, -1, outputChannels])
  const biases: tf.Tensor2D = tf.sum(rows, 1)
  if (windows !== null) {
    return {
      weights: tf.matMul(windows, rows, true, false),
      biases,
      input: wantsInput ? withoutBorder(layer, fold(layer, tf.matMul(rows, weights, false, true), padded)) : null,
    }
  }
  const attributes = { strides: [stride, stride], pad: 'valid', dataFormat: 'NHWC' }
  const images = eachClient(padded, clients)
  const gradients = eachClient(gradient, clients)
  const filterShape = [layer.kernelHeight, layer.kernelWidth, layer.inputChannels, outputChannels]
  const forFilter = gradients.map((dy, client): tf.Tensor4D =>
    tf.engine().runKernel('Conv2DBackpropFilter', { x: images[client], dy }, { ...attributes, filterShape }),
  )
  const forImages = () =>
    gradients.map((dy, client): tf.Tensor4D =>
      tf
        .engine()
        .runKernel(
          'Conv2DBackpropInput',
          { dy, filter: filterOf(layer, weights, client) },
          { ...attributes, inputShape: images[client].shape },
        ),
    )
  return {
    weights: tf.reshape(together(forFilter), [clients, -1, outputChannels]),
    biases,
    input: wantsInput ? withoutBorder(layer, together(forImages())) : null,
  }
}

function filterOf(layer: ConvolutionPlan, weights: tf.Tensor3D, client: number): tf.Tensor4D {
  const [clients, fanIn, outputs] = weights.shape
  const own = clients === 1 ? weights : tf.slice(weights, [client, 0, 0], [1, fanIn, outputs])
  return tf.reshape(own, [layer.kernelHeight, layer.kernelWidth, layer.inputChannels, outputs])
}

function eachClient(tensor: tf.Tensor4D, clients: number): tf.Tensor4D[] {
  return clients === 1 ? [tensor] : tf.split(tensor, clients, 0)
}

function together(tensors: readonly tf.Tensor4D[]): tf.Tensor4D {
  return tensors.length === 1 ? tensors[0] : tf.concat([...tensors], 0)
}

function withBorder({ padding }: ConvolutionPlan, images: tf.Tensor4D): tf.Tensor4D {
  return padding === 0 ? images : pad(pad(images, 1, padding, padding), 2, padding, padding)
}

function withoutBorder(
  { padding, inputHeight, inputWidth, inputChannels }: ConvolutionPlan,
  images: tf.Tensor4D,
): tf.Tensor4D {
  if (padding === 0) return images
  return tf.slice(images, [0, padding, padding, 0], [images.shape[0], inputHeight, inputWidth, inputChannels])
}

/** Every window of the images, `[images, height, width, kernel height × kernel width × channels]`. Stride 1. */
function unfold({ kernelHeight, kernelWidth, outputHeight, outputWidth }: ConvolutionPlan, images: tf.Tensor4D) {
  const alongRows = shifts(kernelWidth).map((x) => cut(images, 2, x, outputWidth))
  const wide = tf.concat(alongRows, 3)
  return tf.concat(
    shifts(kernelHeight).map((y) => cut(wide, 1, y, outputHeight)),
    3,
  )
}

/** Adds every window back to where it was read: the transpose of `unfold`. */
function fold(
  { kernelHeight, kernelWidth, outputHeight, outputWidth }: ConvolutionPlan,
  windows: tf.Tensor3D,
  { shape: [images] }: tf.Tensor4D,
): tf.Tensor4D {
  const split: tf.Tensor4D = tf.reshape(windows, [images, outputHeight, outputWidth, -1])
  const wide = tf.addN<tf.Tensor4D>(
    tf.split<tf.Tensor4D>(split, kernelHeight, 3).map((part, y) => pad(part, 1, y, kernelHeight - 1 - y)),
  )
  return tf.addN<tf.Tensor4D>(
    tf.split<tf.Tensor4D>(wide, kernelWidth, 3).map((part, x) => pad(part, 2, x, kernelWidth - 1 - x)),
  )
}

function cut(tensor: tf.Tensor4D, axis: 1 | 2, start: number, length: number): tf.Tensor4D {
  const begin: [number, number, number, number] = [0, 0, 0, 0]
  const size: [number, number, number, number] = [...tensor.shape]
  begin[axis] = start
  size[axis] = length
  return tf.slice(tensor, begin, size)
}

function pad(tensor: tf.Tensor4D, axis: 1 | 2, before: number, after: number): tf.Tensor4D {
  if (before === 0 && after === 0) return tensor
  const borders: [[number, number], [number, number], [number, number], [number, number]] = [
    [0, 0],
    [0, 0],
    [0, 0],
    [0, 0],
  ]
  borders[axis] = [before, after]
  return tf.pad(tensor, borders)
}

function shifts(length: number): number[] {
  return Array.from({ length }, (_, shift) => shift)
}
