import type { ModelPlan } from '../models/plan'

const bitsPerValue = 32

/**
 * Bits that carry the model once: active weights and biases as 32-bit floats, and the mask as a bitmap over the prunable
 * weights when the receiver does not know it yet. A dense network needs no mask.
 */
export function modelBits(plan: ModelPlan, activeWeights: number, withMask: boolean): number {
  const biases = plan.parameterCount - plan.prunableCount
  const maskBits = withMask && activeWeights < plan.prunableCount ? plan.prunableCount : 0
  return (activeWeights + biases) * bitsPerValue + maskBits
}

/** Bits of a dense gradient: a 32-bit float for every prunable weight, active or not. */
export function gradientBits(plan: ModelPlan): number {
  return plan.prunableCount * bitsPerValue
}

/** Whole bytes that hold these bits. */
export function wholeBytes(bits: number): number {
  return Math.ceil(bits / 8)
}
