import { constantUntilTheEnd } from '../sparsity/schedule'
import { movingMask } from './moving-mask'
import type { MethodRecipe } from './recipe'

/** SET (Mocanu et al. 2018) with the rule of later papers: the smallest |w| drop, as many grow at random, R is constant. */
export const set: MethodRecipe = movingMask({
  drop: () => 'magnitude',
  growth: () => 'random',
  schedule: constantUntilTheEnd,
})

/** SET with the rule of its own code: the same share of positive and of negative weights drops. */
export const setTwoSided: MethodRecipe = movingMask({
  drop: () => 'signed',
  growth: () => 'random',
  schedule: constantUntilTheEnd,
})
