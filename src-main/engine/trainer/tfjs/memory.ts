import { EspalierError } from '../../../contract/commands'
import type { ModelPlan } from '../../models/plan'

/** Copies of the parameters: weights, velocities, received weights, mask, gradient and what a step makes of them. */
const parameterCopies = 10
/** Gradients of activations beside the activations, and what single operations need. */
const activationCopies = 3

/**
 * Bytes that one step of one client takes on the device at most: parameters and optimiser, activations, and the windows of
 * every convolution (im2col).
 */
export function bytesPerClient(plan: ModelPlan, batchSize: number): number {
  let activations = plan.inputShape[0] * plan.inputShape[1] * plan.inputShape[2]
  for (const layer of plan.layers) {
    if (layer.kind === 'convolution') {
      const positions = layer.outputHeight * layer.outputWidth
      activations += positions * (layer.outputChannels + layer.weightCount / layer.outputChannels)
    } else if (layer.kind === 'max-pooling') activations += layer.channels * layer.outputHeight * layer.outputWidth
    else if (layer.kind === 'dense') activations += layer.outputs
    else activations += layer.size
  }
  return 4 * (parameterCopies * plan.parameterCount + activationCopies * batchSize * activations)
}

/** Bytes of the largest tensor in one step of one client: all parameters, or the windows or outputs of a layer. */
export function largestTensorBytes(plan: ModelPlan, batchSize: number): number {
  const perImage = plan.layers.map((layer) => {
    if (layer.kind !== 'convolution') return layer.kind === 'dense' ? layer.outputs : 0
    const positions = layer.outputHeight * layer.outputWidth
    return positions * Math.max(layer.outputChannels, layer.weightCount / layer.outputChannels)
  })
  return 4 * Math.max(plan.parameterCount, batchSize * Math.max(...perImage))
}

/** What a device can hold. */
export interface DeviceMemory {
  /** Bytes that training may take; null where that is not known. */
  readonly memoryBytes: number | null
  /** Bytes of the largest tensor; null where only the memory is the limit. */
  readonly mostTensorBytes: number | null
}

/**
 * How many clients train together in the memory of the device: at most `clientsAtOnce`.
 *
 * @throws EspalierError when not even one client fits
 */
export function clientsThatFit(
  plan: ModelPlan,
  batchSize: number,
  { clientsAtOnce, memoryBytes, mostTensorBytes }: DeviceMemory & { readonly clientsAtOnce: number },
): number {
  const inMemory = fitting('needs', bytesPerClient(plan, batchSize), 'free', memoryBytes)
  const inTensor = fitting('has a tensor of', largestTensorBytes(plan, batchSize), 'for the largest', mostTensorBytes)
  return Math.min(clientsAtOnce, inMemory, inTensor)

  function fitting(verb: string, bytes: number, what: string, most: number | null): number {
    if (most === null) return clientsAtOnce
    if (bytes <= most) return Math.floor(most / bytes)
    throw new EspalierError(
      'failed',
      `device: one client of ${plan.name} with batches of ${batchSize} ${verb} ${mebibytes(bytes)} MiB and the device has ` +
        `${mebibytes(most)} MiB ${what}; allowed: a smaller batchSize or device cpu`,
    )
  }
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
