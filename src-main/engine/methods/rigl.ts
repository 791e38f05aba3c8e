import { movingMask } from './moving-mask'
import type { MethodRecipe } from './recipe'

/** RigL (Evci et al. 2020): the smallest |w| drop, weights grow where the clients' mean gradient of a batch is largest. */
export const rigL: MethodRecipe = movingMask({ drop: () => 'magnitude', growth: () => 'gradient' })
