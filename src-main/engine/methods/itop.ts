import { cosineOverAllRounds } from '../sparsity/schedule'
import { movingMask } from './moving-mask'
import type { MethodRecipe } from './recipe'

/** SET and RigL as Liu et al. 2021 (ITOP) run them: R falls to a floor over all rounds; ΔT is the user's to make long. */
export const setItop: MethodRecipe = movingMask({
  drop: ({ dropCriterion }) => dropCriterion,
  growth: () => 'random',
  schedule: cosineOverAllRounds,
})

export const rigLItop: MethodRecipe = movingMask({
  drop: ({ dropCriterion }) => dropCriterion,
  growth: () => 'gradient',
  schedule: cosineOverAllRounds,
})
