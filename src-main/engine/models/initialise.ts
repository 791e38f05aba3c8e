import { namedStream } from '../random/streams'
import type { ModelPlan } from './plan'

/**
 * Initial parameters as PyTorch draws them by default: weights and biases uniform in ±1/√fan_in, with the fan-in of the
 * dense layer (also for a sparse one). One stream per layer and kind, so equal layers of different models start equal.
 */
export function initialParameters(plan: ModelPlan, seed: number): Float32Array {
  const parameters = new Float32Array(plan.parameterCount)
  for (const layer of plan.prunable) {
    const bound = 1 / Math.sqrt(layer.weightCount / layer.biasCount)
    fill(parameters.subarray(layer.weightOffset, layer.weightOffset + layer.weightCount), `weights/${layer.name}`)
    fill(parameters.subarray(layer.biasOffset, layer.biasOffset + layer.biasCount), `biases/${layer.name}`)

    function fill(target: Float32Array, label: string) {
      const stream = namedStream(seed, label)
      for (let index = 0; index < target.length; index++) target[index] = (2 * stream.uniform() - 1) * bound
    }
  }
  return parameters
}
