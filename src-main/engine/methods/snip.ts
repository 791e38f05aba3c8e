import {
  denseModel,
  denseQuestion,
  firstMask,
  gradientWork,
  keepOverall,
  meanScores,
  questionsCost,
  scoredMask,
  sensitivity,
} from './scoring'

/**
 * SNIP (Lee et al. 2019): the weights of largest |w·g| at the initial weights stay. Every client sends the gradient of one
 * batch; the server multiplies their mean g with the weights, which is SNIP on the union of the batches (SSFL averages the
 * products instead).
 */
export const snip = scoredMask(
  async (context) => {
    const { plan, initial } = context
    const model = denseModel(context)
    const gradient = await meanScores(context, { work: 'gradient', model })
    return firstMask(plan, keepOverall(context, sensitivity(plan, initial, gradient), model.mask))
  },
  (plan, experiment, clientImages) => questionsCost(plan, experiment, clientImages, [denseQuestion(plan)]),
  { gradient: gradientWork('all weights') },
)
