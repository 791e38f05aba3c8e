import type { MethodName } from '../../contract/experiment'
import { dynamic } from './dynamic'
import { none } from './none'
import type { MethodRecipe } from './recipe'
import { smallDense } from './small-dense'
import { staticPruning } from './static'

/** Every method by its name in the experiment schema. */
export const methodRecipes: Record<MethodName, MethodRecipe> = {
  dynamic,
  static: staticPruning,
  none,
  'small-dense': smallDense,
}
