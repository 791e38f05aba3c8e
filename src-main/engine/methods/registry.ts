import type { MethodName } from '../../contract/methods'
import { dynamic } from './dynamic'
import { none } from './none'
import type { MethodRecipe } from './recipe'
import { smallDense } from './small-dense'
import { staticPruning } from './static'

/** Every method by its name in the contract. */
export const methodRecipes: Record<MethodName, MethodRecipe> = {
  dynamic,
  static: staticPruning,
  none,
  'small-dense': smallDense,
}
