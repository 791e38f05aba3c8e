import type { LayerPlan, ModelPlan } from '../models/plan'

const floatBytes = 4

/** Outputs of a layer for one image. */
function outputSize(layer: LayerPlan): number {
  switch (layer.kind) {
    case 'convolution':
      return layer.outputChannels * layer.outputHeight * layer.outputWidth
    case 'dense':
      return layer.outputs
    case 'max-pooling':
      return layer.channels * layer.outputHeight * layer.outputWidth
    case 'relu':
    case 'flatten':
      return layer.size
  }
}

/**
 * Working memory that one training thread needs: parameters, gradients, velocities, the received and the uploaded copy,
 * places of weights within their layers in both directions, and activations with their gradients for a whole batch.
 */
export function threadBytes(plan: ModelPlan, batchSize: number): number {
  const activations = plan.layers.reduce((sum, layer) => sum + outputSize(layer), 0)
  return floatBytes * (5 * plan.parameterCount + 3 * plan.prunableCount + 2 * batchSize * activations)
}

/**
 * Memory beside the threads: the images as bytes, the server's model, masks and sums, and the result of every client of a
 * round, which wait for each other.
 */
export function sharedBytes(plan: ModelPlan, images: number, clientsPerRound: number): number {
  const [channels, height, width] = plan.inputShape
  return (
    images * channels * height * width +
    floatBytes * plan.parameterCount * (clientsPerRound + 4) +
    3 * plan.prunableCount
  )
}
