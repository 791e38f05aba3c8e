import type { MethodName } from '../../contract/methods'
import { dynamic } from './dynamic'
import { feddstOfficial } from './feddst-official'
import { none } from './none'
import { seedCode } from './seed-code'
import type { MethodRecipe } from './recipe'
import { smallDense } from './small-dense'
import { staticPruning } from './static'

/** Every method by its name in the contract. */
export const methodRecipes: Record<MethodName, MethodRecipe> = {
  dynamic,
  static: staticPruning,
  none,
  'small-dense': smallDense,
  'feddst-official': feddstOfficial,
  'seed-code': seedCode,
}
