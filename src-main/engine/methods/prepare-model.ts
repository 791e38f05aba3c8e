import type { Experiment } from '../../contract/experiment'
import type { InputShape } from '../models/architectures'
import { buildPlan } from '../models/build-plan'
import type { ModelPlan } from '../models/plan'
import type { MethodRecipe } from './recipe'
import { methodRecipes } from './registry'

/** The network that an experiment really trains. Trainers are created for `plan`. */
export interface PreparedModel {
  readonly plan: ModelPlan
  /** Active weights per prunable layer. */
  readonly requestedActive: readonly number[]
  /** Layers that could not take their share, one sentence each. */
  readonly warnings: readonly string[]
  /** Parameters of the budget left unused by a narrowed network; null for other methods. */
  readonly unusedBudget: number | null
}

/** Resolves model, method and sparsity of an experiment. Throws when they do not fit the data set or each other. */
export function prepareModel(
  experiment: Experiment,
  inputShape: InputShape,
  classes: number,
  recipe: MethodRecipe = methodRecipes[experiment.method],
): PreparedModel {
  const full = buildPlan(experiment.model, inputShape, classes)
  const narrowed = recipe.narrowModel?.(full, { experiment, inputShape, classes }) ?? null
  const plan = narrowed?.plan ?? full
  const targets = recipe.initialMask?.targets(plan, experiment) ?? null
  return {
    plan,
    requestedActive: targets?.active ?? plan.prunable.map((layer) => layer.weightCount),
    warnings: targets?.warnings ?? [],
    unusedBudget: narrowed?.unusedBudget ?? null,
  }
}
