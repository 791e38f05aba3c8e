import { maskedMean } from '../federated/aggregation'
import type { MethodRecipe } from './recipe'

/** No pruning: the dense network under FedAvg or FedProx. */
export const none: MethodRecipe = {
  narrowModel: null,
  initialMask: null,
  aggregate: maskedMean,
  updateTopology: null,
}
