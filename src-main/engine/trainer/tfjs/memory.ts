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

/**
 * How many clients train together in the memory of the device: at most `clientsAtOnce`.
 *
 * @param memoryBytes what training may take; null when it is not known
 * @throws EspalierError when not even one client fits
 */
export function clientsThatFit(
  plan: ModelPlan,
  batchSize: number,
  { clientsAtOnce, memoryBytes }: { readonly clientsAtOnce: number; readonly memoryBytes: number | null },
): number {
  if (memoryBytes === null) return clientsAtOnce
  const bytes = bytesPerClient(plan, batchSize)
  const most = Math.floor(memoryBytes / bytes)
  if (most >= 1) return Math.min(clientsAtOnce, most)
  throw new EspalierError(
    'failed',
    `device: one client of ${plan.name} with batches of ${batchSize} needs ${mebibytes(bytes)} MiB and the device has ` +
      `${mebibytes(memoryBytes)} MiB free; allowed: a smaller batchSize or device cpu`,
  )
}

function mebibytes(bytes: number): number {
  return Math.ceil(bytes / 2 ** 20)
}
