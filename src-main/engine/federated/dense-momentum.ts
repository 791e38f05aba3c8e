import { formatOf, gradientBits } from '../accounting/communication'
import { denseGradientFlops } from '../accounting/flops'
import { activePerLayer, applyMask, trainableParameters } from '../sparsity/masks'
import { localTask, type ClientWork } from './client-work'
import { prunablePart } from './dense-gradient'
import { takeSteps } from './own-steps'

/**
 * Local training whose momentum is dense: v ← momentum·v + g for every weight, w ← w − η·v for active ones (sparse momentum,
 * Dettmers & Zettlemoyer 2019). As all local momentum it starts at zero in the round. It is sent for every prunable weight,
 * active or not, as `momentum`.
 */
export const denseMomentumTraining: ClientWork = async (context) => {
  const { trainer, experiment, train, indices, model } = context
  const { plan } = trainer
  const { learningRate, momentum, weightDecay, proximalCoefficient } = experiment
  const parameters = applyMask(plan, model.parameters, model.mask)
  const velocity = new Float32Array(plan.parameterCount)
  const moves = trainableParameters(plan, model.mask)
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: localTask(context) },
    () => ({ parameters, mask: model.mask }),
    (gradient) => {
      for (let at = 0; at < parameters.length; at++) {
        // Decay and proximal term are 0 at masked weights, which are 0 here and in the model received.
        const pull = weightDecay * parameters[at] + proximalCoefficient * (parameters[at] - model.parameters[at])
        velocity[at] = momentum * velocity[at] + gradient[at] + pull
        if (moves[at] === 1) parameters[at] -= learningRate * velocity[at]
      }
    },
  )
  return {
    parameters,
    mask: null,
    steps,
    lossSum,
    sent: { momentum: prunablePart(plan, velocity) },
    sentBits: gradientBits(plan, formatOf(experiment)),
    state: {},
    flops: indices.length * experiment.localEpochs * denseGradientFlops(plan, activePerLayer(plan, model.mask)),
  }
}
