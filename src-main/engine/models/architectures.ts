import { EspalierError } from '../../contract/commands'
import type { ModelName } from '../../contract/experiment'

export type InputShape = readonly [channels: number, height: number, width: number]

/** One step of an architecture before its sizes are resolved. */
export type Stage =
  | { readonly kind: 'convolution'; readonly channels: number; readonly kernel: number; readonly padding: number }
  | { readonly kind: 'max-pooling'; readonly window: number; readonly stride: number }
  | { readonly kind: 'relu' }
  | { readonly kind: 'flatten' }
  | { readonly kind: 'dense'; readonly outputs: number }

export interface Architecture {
  /** Channels and units of the hidden layers, in order: the numbers that a narrowed copy changes. */
  readonly hiddenWidths: readonly number[]
  /** The chain for these hidden widths; the last layer gives the logits. */
  readonly stages: (widths: readonly number[], classes: number) => Stage[]
}

const relu: Stage = { kind: 'relu' }
const flatten: Stage = { kind: 'flatten' }
const halve: Stage = { kind: 'max-pooling', window: 2, stride: 2 }
const smooth: Stage = { kind: 'max-pooling', window: 3, stride: 1 }

/** Two 5×5 convolutions, each followed by ReLU and pooling, then dense layers with ReLU between them. */
function convolutional(hiddenWidths: readonly number[], pooling: Stage, firstPadding: number): Architecture {
  return {
    hiddenWidths,
    stages([first, second, ...dense], classes) {
      return [
        { kind: 'convolution', channels: first, kernel: 5, padding: firstPadding },
        relu,
        pooling,
        { kind: 'convolution', channels: second, kernel: 5, padding: 0 },
        relu,
        pooling,
        flatten,
        ...denseStages(dense, classes),
      ]
    },
  }
}

function denseStages(widths: readonly number[], classes: number): Stage[] {
  return [
    ...widths.flatMap((outputs): Stage[] => [{ kind: 'dense', outputs }, relu]),
    { kind: 'dense', outputs: classes },
  ]
}

/**
 * The architecture of a named model for one input shape. `feddst-cnn` is FedDST's CNN for MNIST or CIFAR-10 (Bibikar et
 * al. 2022, models.py); `lenet-5` follows LeCun et al. 1998 with ReLU and max pooling, and pads 28×28 images to 32×32 as
 * there; `lenet-5-caffe` and `lenet-300-100` are the networks of the pruning literature.
 * Throws when the model is not defined for the shape.
 */
export function architecture(model: ModelName, shape: InputShape): Architecture {
  const [channels, height, width] = shape
  switch (model) {
    case 'feddst-cnn':
      if (channels === 1 && height === 28 && width === 28) return convolutional([10, 20, 50], smooth, 0)
      if (channels === 3 && height === 32 && width === 32) return convolutional([6, 16, 120, 84], smooth, 0)
      throw new EspalierError(
        'wrong-input',
        `model: feddst-cnn is not defined for ${shape.join('×')} images; allowed: 1×28×28 (MNIST, Fashion-MNIST), 3×32×32 (CIFAR-10)`,
      )
    case 'lenet-5':
      return convolutional([6, 16, 120, 84], halve, height === 28 && width === 28 ? 2 : 0)
    case 'lenet-5-caffe':
      return convolutional([20, 50, 500], halve, 0)
    case 'lenet-300-100':
      return { hiddenWidths: [300, 100], stages: (widths, classes) => [flatten, ...denseStages(widths, classes)] }
  }
}
