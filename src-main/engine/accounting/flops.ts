import type { ModelPlan, PrunableLayerPlan } from '../models/plan'

/** Output positions at which every weight of the layer is used once per image. */
function usesPerWeight(layer: PrunableLayerPlan): number {
  return layer.kind === 'convolution' ? layer.outputHeight * layer.outputWidth : 1
}

/**
 * Theoretical forward FLOPs of one image with `active` weights per layer: multiply and add counted separately, bias,
 * activation and pooling ignored (Evci et al. 2020, appendix).
 */
export function forwardFlops(plan: ModelPlan, active: readonly number[]): number {
  return plan.prunable.reduce((sum, layer, index) => sum + 2 * active[index] * usesPerWeight(layer), 0)
}

/** Forward FLOPs of one image of the network without a mask. */
export function denseForwardFlops(plan: ModelPlan): number {
  return forwardFlops(
    plan,
    plan.prunable.map((layer) => layer.weightCount),
  )
}

/** Training FLOPs of one image: the forward pass and twice as much backward (by inputs and by weights). */
export function trainingFlops(plan: ModelPlan, active: readonly number[]): number {
  return 3 * forwardFlops(plan, active)
}

/** FLOPs per image of a dense gradient on the masked network: sparse forward, sparse by inputs, dense by weights (RigL). */
export function denseGradientFlops(plan: ModelPlan, active: readonly number[]): number {
  return 2 * forwardFlops(plan, active) + denseForwardFlops(plan)
}
