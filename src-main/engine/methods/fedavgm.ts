import { maskedMean } from '../federated/aggregation'
import { arrayOf } from '../federated/named-arrays'
import type { MethodRecipe } from './recipe'
import { none } from './none'

/**
 * FedAvgM (Hsu et al. 2019): the server takes FedAvg's mean θ̄ as a step and gives it momentum: v ← β·v + (θ − θ̄);
 * θ ← θ − v.
 */
export const fedAvgM: MethodRecipe = {
  ...none,
  aggregate: ({ plan, experiment, uploads, received, state }) => {
    const mean = maskedMean({ plan, uploads })
    const before =
      'velocity' in state ? arrayOf(state, 'velocity', Float32Array) : new Float32Array(plan.parameterCount)
    const velocity = before.map(
      (value, at) => experiment.serverMomentum * value + (received.parameters[at] - mean.parameters[at]),
    )
    return {
      mask: mean.mask,
      parameters: received.parameters.map((value, at) => value - velocity[at]),
      state: { velocity },
    }
  },
}
