import type { DensePlan, ModelPlan } from '../../../src-main/engine/models/plan'

/** A chain of dense layers of the given outputs × inputs, small enough to work by hand. */
export function tinyPlan(...sizes: readonly (readonly [outputs: number, inputs: number])[]): ModelPlan {
  let parameterCount = 0
  let prunableCount = 0
  const prunable = sizes.map(([outputs, inputs], index): DensePlan => {
    const weightCount = outputs * inputs
    const layer: DensePlan = {
      kind: 'dense',
      name: `fc${index + 1}`,
      inputs,
      outputs,
      weightOffset: parameterCount,
      weightCount,
      maskOffset: prunableCount,
      biasOffset: parameterCount + weightCount,
      biasCount: outputs,
    }
    parameterCount += weightCount + outputs
    prunableCount += weightCount
    return layer
  })
  return {
    name: 'tiny',
    inputShape: [1, 1, sizes[0][1]],
    classes: sizes[sizes.length - 1][0],
    layers: prunable,
    prunable,
    parameterCount,
    prunableCount,
  }
}
