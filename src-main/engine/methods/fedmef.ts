import type { Experiment } from '../../contract/experiment'
import { trainingFlops } from '../accounting/flops'
import { localTask, plainTraining, type ClientWork } from '../federated/client-work'
import { sgdStep, takeSteps } from '../federated/own-steps'
import type { ModelPlan } from '../models/plan'
import { activePerLayer, trainableParameters } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import type { MaskedModel } from '../trainer/trainer'
import { withAveragedGradient } from './fedtiny-clean'
import type { MethodRecipe } from './recipe'

/**
 * FedMef (Huang et al. 2024): before the server drops the smallest weights, clients press what these have learnt into the
 * others (budget-aware extrusion): in an update round λ·Σw² over the k smallest weights of every layer is added to the loss.
 * Dropping and growing then follow FedTiny's clean variant. Scaled activation pruning, which saves a device's memory, and the
 * adapted learning rate are left out.
 */
export const fedMef: MethodRecipe = withAveragedGradient((context) =>
  isUpdateRound(context.experiment, context.round) ? extrude(context) : plainTraining(context),
)

/** 1 for the flat positions of the k = ⌊R·active⌋ smallest active weights of every layer. */
export function aboutToDrop(plan: ModelPlan, model: MaskedModel, ratio: number): Uint8Array {
  const marked = new Uint8Array(plan.parameterCount)
  plan.prunable.forEach(({ weightOffset, weightCount, maskOffset }) => {
    const active = positionsOf(model.mask.subarray(maskOffset, maskOffset + weightCount), 1)
    const sizes = model.parameters.subarray(weightOffset, weightOffset + weightCount).map(Math.abs)
    for (const at of selectByRank(sizes, active, Math.floor(ratio * active.length), 'smallest')) {
      marked[weightOffset + at] = 1
    }
  })
  return marked
}

const extrude: ClientWork = async (context) => {
  const { trainer, experiment, round, train, indices, model } = context
  const { plan } = trainer
  const parameters = model.parameters.slice()
  const velocity = new Float32Array(plan.parameterCount)
  const moves = trainableParameters(plan, model.mask)
  const pressed = aboutToDrop(plan, model, readjustmentRatioAt(experiment, round))
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: localTask(context) },
    () => ({ parameters, mask: model.mask }),
    (gradient) => {
      sgdStep(experiment, parameters, velocity, withPenalties(experiment, gradient, parameters, model, pressed), moves)
    },
  )
  return {
    parameters,
    mask: null,
    steps,
    lossSum,
    sent: {},
    sentBits: 0,
    state: {},
    flops: indices.length * experiment.localEpochs * trainingFlops(plan, activePerLayer(plan, model.mask)),
  }
}

/** The gradient with that of the extrusion, 2λ·w, and that of FedProx. */
function withPenalties(
  { extrusionCoefficient, proximalCoefficient }: Experiment,
  gradient: Float32Array,
  parameters: Float32Array,
  received: MaskedModel,
  pressed: Uint8Array,
): Float32Array {
  return gradient.map(
    (value, at) =>
      value +
      2 * extrusionCoefficient * pressed[at] * parameters[at] +
      proximalCoefficient * (parameters[at] - received.parameters[at]),
  )
}
