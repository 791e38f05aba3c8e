import type { ModelPlan } from '../models/plan'
import { gradientBits, modelBits, wholeBytes } from './communication'
import { denseGradientFlops, trainingFlops } from './flops'

export interface RoundCost {
  readonly downloadBytes: number
  readonly uploadBytes: number
  readonly trainingFlops: number
  /** Of the client that computes most. */
  readonly largestClientFlops: number
}

export interface RoundTraffic {
  /** Active weights per layer during the round. */
  readonly active: readonly number[]
  readonly localEpochs: number
  readonly clients: readonly ClientTraffic[]
}

interface ClientTraffic {
  readonly images: number
  /** Whether the client has not yet received the mask of this round. */
  readonly receivesMask: boolean
  /** Images of its dense gradient for the growth score; 0 when none is asked for. */
  readonly gradientImages: number
}

/** Cost of one round over all clients taking part; bytes are rounded up per client. */
export function roundCost(plan: ModelPlan, { active, localEpochs, clients }: RoundTraffic): RoundCost {
  const activeWeights = active.reduce((sum, count) => sum + count, 0)
  const perTrainingImage = localEpochs * trainingFlops(plan, active)
  const perGradientImage = denseGradientFlops(plan, active)
  let downloadBytes = 0
  let uploadBytes = 0
  let total = 0
  let largestClientFlops = 0
  for (const { images, receivesMask, gradientImages } of clients) {
    downloadBytes += wholeBytes(modelBits(plan, activeWeights, receivesMask))
    uploadBytes += wholeBytes(modelBits(plan, activeWeights, false) + (gradientImages > 0 ? gradientBits(plan) : 0))
    const flops = images * perTrainingImage + gradientImages * perGradientImage
    total += flops
    largestClientFlops = Math.max(largestClientFlops, flops)
  }
  return { downloadBytes, uploadBytes, trainingFlops: total, largestClientFlops }
}
