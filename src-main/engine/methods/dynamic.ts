import { movingMask } from './moving-mask'
import type { MethodRecipe } from './recipe'

/**
 * Dynamic pruning: starts as static pruning does; after every readjustment interval the server drops weights by any criterion
 * and grows as many by any other. Magnitude and random growth are SET, magnitude and gradient growth RigL.
 */
export const dynamic: MethodRecipe = movingMask({
  drop: ({ dropCriterion }) => dropCriterion,
  growth: ({ growthCriterion }) => growthCriterion,
})
