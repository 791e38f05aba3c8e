import { largestPerLayer, magnitudes } from '../sparsity/keep-largest'
import { layerTargets } from '../sparsity/distributions'
import type { MethodRecipe } from './recipe'
import { denseModel } from './scoring'
import { staticPruning } from './static'

/** Magnitude at initialisation (Frankle et al. 2021): the largest initial weights of each layer stay; nobody is asked. */
export const magnitudeInit: MethodRecipe = {
  ...staticPruning,
  initialMask: {
    targets: (plan, experiment) => layerTargets(plan.prunable, experiment),
    draw: (context) => {
      const { plan, initial, active } = context
      return { mask: largestPerLayer(plan, magnitudes(plan, initial), active, denseModel(context).mask) }
    },
  },
}
