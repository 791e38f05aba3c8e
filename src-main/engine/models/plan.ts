/**
 * A model plan is a network written down as data: a chain of layers with all sizes resolved. Trainers read it, masks and
 * accounting follow it. Kernels are stored as PyTorch stores them: convolution `[out, in, height, width]`, dense
 * `[out, in]`, row-major; parameters lie flat in the order of the layers, weights before biases.
 */

interface WithParameters {
  readonly name: string
  /** Position of the kernel in the flat parameters. */
  readonly weightOffset: number
  readonly weightCount: number
  /** Position of the kernel in the flat mask, which holds the prunable weights only. */
  readonly maskOffset: number
  readonly biasOffset: number
  readonly biasCount: number
}

export interface ConvolutionPlan extends WithParameters {
  readonly kind: 'convolution'
  readonly inputChannels: number
  readonly outputChannels: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  readonly stride: number
  /** Zeros added on every side. */
  readonly padding: number
  readonly inputHeight: number
  readonly inputWidth: number
  readonly outputHeight: number
  readonly outputWidth: number
}

export interface DensePlan extends WithParameters {
  readonly kind: 'dense'
  readonly inputs: number
  readonly outputs: number
}

export interface MaxPoolingPlan {
  readonly kind: 'max-pooling'
  readonly window: number
  readonly stride: number
  readonly channels: number
  readonly inputHeight: number
  readonly inputWidth: number
  readonly outputHeight: number
  readonly outputWidth: number
}

interface ReluPlan {
  readonly kind: 'relu'
  readonly size: number
}

interface FlattenPlan {
  readonly kind: 'flatten'
  readonly size: number
}

export type PrunableLayerPlan = ConvolutionPlan | DensePlan
export type LayerPlan = PrunableLayerPlan | MaxPoolingPlan | ReluPlan | FlattenPlan

export interface ModelPlan {
  readonly name: string
  /** Channels, height, width. */
  readonly inputShape: readonly [number, number, number]
  readonly classes: number
  /** The network ends in a softmax and the loss takes a softmax of that again, as FedDST's published code does. */
  readonly endsInSoftmax?: boolean
  readonly layers: readonly LayerPlan[]
  /** The layers with kernels, in order. */
  readonly prunable: readonly PrunableLayerPlan[]
  /** Weights and biases: the length of the flat parameters. */
  readonly parameterCount: number
  /** The length of the flat mask. */
  readonly prunableCount: number
}
