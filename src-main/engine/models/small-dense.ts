import { EspalierError } from '../../contract/commands'
import type { ModelName } from '../../contract/experiment'
import { architecture, type InputShape } from './architectures'
import { buildPlan } from './build-plan'
import type { ModelPlan } from './plan'

export interface SmallDense {
  readonly plan: ModelPlan
  /** Hidden widths of the narrowed network. */
  readonly widths: readonly number[]
  /** Parameters of the budget that the narrowed network leaves unused. */
  readonly unusedBudget: number
}

/**
 * The small dense control: the same chain with every hidden width multiplied by one factor r ≤ 1 (rounded half up, at
 * least 1), the largest whose weights and biases do not exceed `budget` parameters.
 * Throws when even the network of width 1 exceeds the budget.
 */
export function smallDense(model: ModelName, inputShape: InputShape, classes: number, budget: number): SmallDense {
  const { hiddenWidths } = architecture(model, inputShape)
  const factors = breakpoints(hiddenWidths)
  const planFor = (index: number) => {
    const [numerator, denominator] = factors[index]
    const widths = hiddenWidths.map((width) => scaleHalfUp(width, numerator, denominator))
    return { widths, plan: buildPlan(model, inputShape, classes, widths) }
  }

  // Totals never fall as r grows: bisect for the last factor within the budget.
  let fits = -1
  let exceeds = factors.length
  while (exceeds - fits > 1) {
    const middle = (fits + exceeds) >> 1
    if (planFor(middle).plan.parameterCount <= budget) fits = middle
    else exceeds = middle
  }
  if (fits < 0) {
    throw new EspalierError(
      'wrong-input',
      `sparsity: the budget of ${budget} parameters is below the ${planFor(0).plan.parameterCount} of the narrowest dense ${model}; allowed: a lower sparsity`,
    )
  }
  const best = planFor(fits)
  return { ...best, unusedBudget: budget - best.plan.parameterCount }
}

/** Every factor (2k − 1)/(2·width) at which some width changes, as exact fractions in rising order. */
function breakpoints(widths: readonly number[]): (readonly [number, number])[] {
  return widths
    .flatMap((width) => Array.from({ length: width }, (_, index) => [2 * index + 1, 2 * width] as const))
    .sort((a, b) => a[0] * b[1] - b[0] * a[1])
}

function scaleHalfUp(width: number, numerator: number, denominator: number): number {
  return Math.max(1, Math.floor((2 * width * numerator + denominator) / (2 * denominator)))
}
