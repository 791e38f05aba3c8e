import type { Experiment } from '../../contract/experiment'
import { denseGradientFlops } from '../accounting/flops'
import type { ModelPlan } from '../models/plan'
import { activeOverall, overallTargets } from '../sparsity/distributions'
import { applyMask } from '../sparsity/masks'
import type { FirstMaskContext, MethodRecipe } from './recipe'
import {
  denseModel,
  firstMask,
  gradientWork,
  keepOverall,
  meanScores,
  questionsCost,
  scoredMask,
  sensitivity,
  stepOf,
} from './scoring'

/** Steps of the authors' scripts. */
const defaultSteps = 10

/** Weights that stay after each step: N falls to k in equal ratios, k_t = exp((t/T)·ln k + (1 − t/T)·ln N), rounded. */
export function exponentialCounts(all: number, kept: number, steps: number): number[] {
  return Array.from({ length: steps }, (_, index) => {
    const share = (index + 1) / steps
    return Math.round(Math.exp(share * Math.log(kept) + (1 - share) * Math.log(all)))
  })
}

function countsOf(plan: ModelPlan, { sparsity, scoringSteps }: Experiment): number[] {
  return exponentialCounts(plan.prunableCount, activeOverall(plan.prunable, sparsity), scoringSteps ?? defaultSteps)
}

/**
 * One question in each step, for the gradient of a fresh batch at the initial weights under the mask so far; |w·g| with the
 * initial w decides which weights stay. `competing` are those that may.
 */
function iterative(competing: 'all weights' | 'remaining weights'): MethodRecipe {
  return scoredMask(
    async (context: FirstMaskContext) => {
      const { plan, experiment, initial } = context
      const everything = denseModel(context)
      let { mask } = everything
      for (const [step, count] of countsOf(plan, experiment).entries()) {
        const model = { parameters: applyMask(plan, initial, mask), mask }
        const gradient = await meanScores(context, { work: 'gradient', model, download: stepOf(step) })
        const within = competing === 'all weights' ? everything.mask : mask
        mask = keepOverall(context, sensitivity(plan, initial, gradient), within, count)
      }
      return firstMask(plan, mask)
    },
    (plan, experiment, clientImages) => {
      const counts = [plan.prunableCount, ...countsOf(plan, experiment).slice(0, -1)]
      const questions = counts.map((count) => {
        const received = overallTargets(plan.prunable, experiment, count).active
        return {
          received,
          receivedValues: 0,
          sentValues: competing === 'all weights' ? plan.prunableCount : count,
          flopsPerImage: denseGradientFlops(plan, received),
        }
      })
      return questionsCost(plan, experiment, clientImages, questions)
    },
    { gradient: gradientWork(competing) },
  )
}

/** FORCE (de Jorge et al. 2021): pruned weights compete again in every step, so that they may return. */
export const force = iterative('all weights')

/** Iterative SNIP (de Jorge et al. 2021): only weights that remain compete, and clients send only their gradients. */
export const iterativeSnip = iterative('remaining weights')
