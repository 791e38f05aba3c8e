import type { Experiment } from '../../contract/experiment'
import { trainingFlops } from '../accounting/flops'
import { localTask, type ClientReport, type ClientWork } from '../federated/client-work'
import { sgdStep, takeSteps } from '../federated/own-steps'
import type { ModelPlan } from '../models/plan'
import { activeOverall, excludedLayers, overallTargets } from '../sparsity/distributions'
import { largestOverall, magnitudes } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, trainableParameters } from '../sparsity/masks'
import { unmoved } from '../sparsity/topology-update'
import { plainWork } from './expected-work'
import { denseStart } from './gradual'
import { meanOverAll } from './mean-over-all'
import { none } from './none'
import type { MethodRecipe } from './recipe'

/** Flat parameters with every kernel value replaced; biases stay. */
function mapWeights(plan: ModelPlan, parameters: Float32Array, change: (value: number) => number): Float32Array {
  const changed = parameters.slice()
  for (const { weightOffset, weightCount } of plan.prunable) {
    for (let at = weightOffset; at < weightOffset + weightCount; at++) changed[at] = change(parameters[at])
  }
  return changed
}

/** Powerpropagation: the effective weights w = v·|v|^(a − 1) (Schwarz et al. 2021). */
export function effectiveWeights(plan: ModelPlan, inner: Float32Array, exponent: number): Float32Array {
  return mapWeights(plan, inner, (value) => value * Math.abs(value) ** (exponent - 1))
}

/** The v whose effective weights are w: sign(w)·|w|^(1/a). */
export function innerWeights(plan: ModelPlan, effective: Float32Array, exponent: number): Float32Array {
  return mapWeights(plan, effective, (value) => Math.sign(value) * Math.abs(value) ** (1 / exponent))
}

const trainPowerfully: ClientWork = async (context): Promise<ClientReport> => {
  const { trainer, experiment, train, indices, model } = context
  const { plan } = trainer
  const exponent = experiment.powerpropExponent
  const start = innerWeights(plan, model.parameters, exponent)
  const inner = start.slice()
  const velocity = new Float32Array(plan.parameterCount)
  const moves = trainableParameters(plan, model.mask)
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: localTask(context) },
    () => ({ parameters: effectiveWeights(plan, inner, exponent), mask: model.mask }),
    (gradient) => {
      // ∂w/∂v; biases are not re-parameterised.
      const slope = mapWeights(plan, inner, (value) => exponent * Math.abs(value) ** (exponent - 1))
      for (const { biasOffset, biasCount } of plan.prunable) slope.fill(1, biasOffset, biasOffset + biasCount)
      const pulled = gradient.map(
        (value, at) => slope[at] * value + experiment.proximalCoefficient * (inner[at] - start[at]),
      )
      sgdStep(experiment, inner, velocity, pulled, moves)
    },
  )
  const trained = effectiveWeights(plan, inner, exponent)
  const mask = largestOverall(
    plan,
    magnitudes(plan, trained),
    activeOverall(plan.prunable, experiment.sparsity),
    model.mask,
    excludedLayers(plan.prunable, experiment),
  )
  return {
    parameters: applyMask(plan, trained, mask),
    mask,
    steps,
    lossSum,
    sent: {},
    sentBits: 0,
    state: {},
    flops: indices.length * experiment.localEpochs * trainingFlops(plan, activePerLayer(plan, model.mask)),
  }
}

function expectedActive(plan: ModelPlan, experiment: Experiment): readonly number[] {
  return overallTargets(plan.prunable, experiment).active
}

/**
 * SparsyFed (Guastella et al. 2025): starts dense; clients train powerpropagated weights, with which small ones hardly move,
 * then keep the largest over all layers. The server takes the mean of all, in the inner weights; a weight that a client has
 * pruned counts as 0. What is 0 stays 0, so the clients' masks come to agree. Pruning of activations, which saves backward
 * FLOPs, is left out.
 */
export const sparsyFed: MethodRecipe = {
  ...none,
  initialMask: denseStart((plan, experiment) => overallTargets(plan.prunable, experiment)),
  localTraining: trainPowerfully,
  expectedWork: (context) => ({
    ...plainWork(context),
    sent: expectedActive(context.plan, context.experiment),
    sendsMask: true,
  }),
  aggregate: ({ plan, experiment, uploads }) => {
    const exponent = experiment.powerpropExponent
    const inner = uploads.map((upload) => ({ ...upload, parameters: innerWeights(plan, upload.parameters, exponent) }))
    const mean = meanOverAll(plan, inner, 1)
    return { mask: mean.mask, parameters: effectiveWeights(plan, mean.parameters, exponent) }
  },
  updateTopology: {
    ratioAt: () => 0,
    isDue: () => true,
    move: ({ plan, model }) => ({ ...unmoved(plan, model), requestedActive: activePerLayer(plan, model.mask) }),
    activeAfter: expectedActive,
  },
}
