import * as tf from '@tensorflow/tfjs-core'
import type { ModelPlan } from '../../models/plan'
import { convolve, convolutionGradients, type Convolved } from './convolution'

/** Images `[clients × images, height, width, channels]` or vectors `[clients, images, length]`. */
type Activation = tf.Tensor4D | tf.Tensor3D

/** Kernels `[clients, fan-in, outputs]` and biases `[clients, 1, outputs]` of one layer. */
interface LayerParameters {
  readonly weights: tf.Tensor3D
  readonly biases: tf.Tensor3D
}

/** What the backward pass needs of one layer. */
interface Visited {
  readonly input: Activation
  readonly output: Activation
  readonly convolved: Convolved | null
}

export interface ForwardPass {
  /** What the loss takes its softmax of, `[clients, images, classes]`. */
  readonly logits: tf.Tensor3D
  readonly visited: readonly Visited[]
  readonly parameters: readonly LayerParameters[]
}

/**
 * The network of every client on its own images. Each client is one entry of the leading dimension: dense layers are
 * batched products, convolutions see `convolution.ts`.
 *
 * @param flat parameters `[clients, plan.parameterCount]` in the order of the device
 * @param images `[clients × images, height, width, channels]`
 */
export function forward(plan: ModelPlan, flat: tf.Tensor2D, images: tf.Tensor4D): ForwardPass {
  const [clients] = flat.shape
  const parameters = layerParameters(plan, flat)
  const visited: Visited[] = []
  let current: Activation = images
  let prunable = 0
  for (const layer of plan.layers) {
    const input: Activation = current
    let convolved: Convolved | null = null
    switch (layer.kind) {
      case 'convolution': {
        const { weights, biases } = parameters[prunable++]
        convolved = convolve(layer, input as tf.Tensor4D, weights, biases)
        current = convolved.output
        break
      }
      case 'dense': {
        const { weights, biases } = parameters[prunable++]
        current = tf.add(tf.matMul(asVectors(input, clients), weights), biases)
        break
      }
      case 'max-pooling':
        current = tf.maxPool(input as tf.Tensor4D, layer.window, layer.stride, 'valid')
        break
      case 'relu':
        current = tf.relu(input)
        break
      case 'flatten':
        break
    }
    visited.push({ input, output: current, convolved })
  }
  const last = asVectors(channelsFirst(current), clients)
  return { logits: plan.endsInSoftmax === true ? tf.softmax(last) : last, visited, parameters }
}

/**
 * Gradient with respect to all parameters, `[clients, plan.parameterCount]` in the order of the device, masked or not.
 *
 * @param logitsGradient `[clients, images, classes]`
 */
export function backward(
  plan: ModelPlan,
  { logits, visited, parameters }: ForwardPass,
  logitsGradient: tf.Tensor3D,
): tf.Tensor2D {
  const [clients] = logits.shape
  const pieces: tf.Tensor2D[] = []
  const last = visited[visited.length - 1].output
  const afterSoftmax = plan.endsInSoftmax === true ? throughSoftmax(logits, logitsGradient) : logitsGradient
  let gradient: Activation = channelsLast(afterSoftmax, last)
  let prunable = plan.prunable.length
  const add = (weights: tf.Tensor, biases: tf.Tensor) => {
    pieces.unshift(tf.reshape(weights, [clients, -1]), tf.reshape(biases, [clients, -1]))
  }
  for (let at = plan.layers.length - 1; prunable > 0; at--) {
    const layer = plan.layers[at]
    const { input, output, convolved } = visited[at]
    switch (layer.kind) {
      case 'convolution': {
        const { weights } = parameters[--prunable]
        if (convolved === null) throw new Error('a convolution keeps what it needs for its gradient')
        const gradients = convolutionGradients(layer, convolved, weights, gradient as tf.Tensor4D, prunable > 0)
        add(gradients.weights, gradients.biases)
        if (gradients.input !== null) gradient = gradients.input
        break
      }
      case 'dense': {
        const { weights } = parameters[--prunable]
        add(tf.matMul(asVectors(input, clients), gradient, true, false), tf.sum(gradient, 1))
        if (prunable > 0) gradient = tf.reshape(tf.matMul(gradient, weights, false, true), input.shape) as Activation
        break
      }
      case 'max-pooling': {
        const { window: filterSize, stride: strides } = layer
        gradient = tf
          .engine()
          .runKernel(
            'MaxPoolGrad',
            { dy: gradient, input, output },
            { filterSize: [filterSize, filterSize], strides: [strides, strides], pad: 'valid' },
          )
        break
      }
      case 'relu':
        gradient = tf.mul<tf.Tensor4D | tf.Tensor3D>(gradient, tf.step(output))
        break
      case 'flatten':
        break
    }
  }
  return tf.concat(pieces, 1)
}

function layerParameters(plan: ModelPlan, flat: tf.Tensor2D): LayerParameters[] {
  const [clients] = flat.shape
  return plan.prunable.map(({ weightOffset, weightCount, biasOffset, biasCount }) => ({
    weights: tf.reshape(tf.slice(flat, [0, weightOffset], [clients, weightCount]), [clients, -1, biasCount]),
    biases: tf.reshape(tf.slice(flat, [0, biasOffset], [clients, biasCount]), [clients, 1, biasCount]),
  }))
}

function asVectors(activation: Activation, clients: number): tf.Tensor3D {
  const images = activation.rank === 4 ? activation.shape[0] / clients : activation.shape[1]
  return tf.reshape(activation, [clients, images, -1])
}

/** Gradient before a softmax out of that behind it. */
function throughSoftmax(shares: tf.Tensor3D, gradient: tf.Tensor3D): tf.Tensor3D {
  return tf.mul(shares, tf.sub(gradient, tf.sum(tf.mul(gradient, shares), 2, true)))
}

/** Logits that are an image are read as PyTorch reads them. */
function channelsFirst(activation: Activation): Activation {
  return activation.rank === 4 ? tf.transpose(activation as tf.Tensor4D, [0, 3, 1, 2]) : activation
}

function channelsLast(gradient: tf.Tensor3D, like: Activation): Activation {
  if (like.rank === 3) return gradient
  const [images, height, width, channels] = (like as tf.Tensor4D).shape
  return tf.transpose(tf.reshape<tf.Rank.R4>(gradient, [images, channels, height, width]), [0, 2, 3, 1])
}
