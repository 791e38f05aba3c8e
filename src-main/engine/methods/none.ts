import { contributionMean } from '../federated/contribution'
import type { MethodRecipe } from './recipe'

/** No pruning: the dense network under FedAvg or FedProx. */
export const none: MethodRecipe = {
  narrowModel: null,
  initialMask: null,
  aggregate: contributionMean,
  updateTopology: null,
}
