import type { ModelSummary } from '../../contract/records'
import { kernelShape } from '../models/build-plan'
import type { ModelPlan } from '../models/plan'
import { denseForwardFlops, forwardFlops } from './flops'

/** Parameters and FLOPs of a network with `active` weights per layer under its first mask. */
export function modelSummary(plan: ModelPlan, active: readonly number[], unusedBudget: number | null): ModelSummary {
  return {
    model: plan.name,
    inputShape: [...plan.inputShape],
    classes: plan.classes,
    parameters: plan.parameterCount,
    biases: plan.parameterCount - plan.prunableCount,
    prunableWeights: plan.prunableCount,
    activeWeights: active.reduce((sum, count) => sum + count, 0),
    unusedBudget,
    denseFlops: denseForwardFlops(plan),
    sparseFlops: forwardFlops(plan, active),
    layers: plan.prunable.map((layer, index) => ({
      layer: layer.name,
      shape: kernelShape(layer),
      weights: layer.weightCount,
      active: active[index],
      biases: layer.biasCount,
    })),
  }
}
