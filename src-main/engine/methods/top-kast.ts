import { topologyEnd, type Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { forwardFlops } from '../accounting/flops'
import { maskedMean, weightedMean } from '../federated/aggregation'
import { localTask, plainTraining, type ClientWork } from '../federated/client-work'
import { arrayOf, type NamedArrays } from '../federated/named-arrays'
import { takeSteps } from '../federated/own-steps'
import type { ModelPlan } from '../models/plan'
import { layerTargets } from '../sparsity/distributions'
import { largestPerLayer, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, applyMask, trainableParameters } from '../sparsity/masks'
import { isAtInterval } from '../sparsity/schedule'
import { plainWork } from './expected-work'
import type { Download, MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** Whether clients still explore in a round; afterwards they train the forward set alone. */
const explores = (experiment: Experiment, round: number) => round < topologyEnd(experiment)

/** Weights of every layer in the forward set A and in the backward set B ⊇ A, the top D and D + M. */
function setSizes(plan: ModelPlan, experiment: Experiment) {
  const forward = layerTargets(plan.prunable, experiment)
  const backward = layerTargets(
    plan.prunable,
    experiment,
    Math.max(0, experiment.sparsity - experiment.explorationShare),
  )
  return { forward, backward: backward.active.map((count, index) => Math.max(count, forward.active[index])) }
}

/** Both sets by the magnitude of the dense weights; ties go to the lower position, so that B holds A. */
export function chooseSets(plan: ModelPlan, dense: Float32Array, experiment: Experiment) {
  const { forward, backward } = setSizes(plan, experiment)
  const sizes = magnitudes(plan, dense)
  const all = new Uint8Array(plan.prunableCount).fill(1)
  return {
    forward: largestPerLayer(plan, sizes, forward.active, all),
    backward: largestPerLayer(plan, sizes, backward, all),
  }
}

/**
 * The L2 coefficient of every parameter: λ for the forward set and biases, λ/D for what is in the backward set alone, with D
 * the share of its layer in the forward set (the exploration regulariser).
 */
export function decayCoefficients(plan: ModelPlan, forward: Uint8Array, weightDecay: number): Float32Array {
  const coefficients = new Float32Array(plan.parameterCount).fill(weightDecay)
  const active = activePerLayer(plan, forward)
  plan.prunable.forEach(({ weightOffset, weightCount, maskOffset }, index) => {
    for (let at = 0; at < weightCount; at++) {
      if (forward[maskOffset + at] === 0) coefficients[weightOffset + at] = (weightDecay * weightCount) / active[index]
    }
  })
  return coefficients
}

/** Steps whose forward pass sees A while B receives the gradient. */
const explore: ClientWork = async (context) => {
  const { trainer, experiment, train, indices, model, download } = context
  const { plan } = trainer
  const { learningRate, momentum, weightDecay, proximalCoefficient } = experiment
  const received = arrayOf(download, 'dense', Float32Array)
  const backward = arrayOf(download, 'backward', Uint8Array)
  const dense = received.slice()
  const velocity = new Float32Array(plan.parameterCount)
  const moves = trainableParameters(plan, backward)
  const decay = decayCoefficients(plan, model.mask, weightDecay)
  const { steps, lossSum } = await takeSteps(
    { trainer, train, order: localTask(context) },
    () => ({ parameters: applyMask(plan, dense, model.mask), mask: model.mask }),
    (gradient) => {
      for (let at = 0; at < dense.length; at++) {
        if (moves[at] === 0) continue
        const pull = decay[at] * dense[at] + proximalCoefficient * (dense[at] - received[at])
        velocity[at] = momentum * velocity[at] + gradient[at] + pull
        dense[at] -= learningRate * velocity[at]
      }
    },
  )
  return {
    parameters: applyMask(plan, dense, model.mask),
    mask: null,
    steps,
    lossSum,
    sent: { dense },
    sentBits: formatOf(experiment).valueBits * countBeyond(model.mask, backward),
    state: {},
    flops: indices.length * experiment.localEpochs * exploringFlops(plan, model.mask, backward),
  }
}

function countBeyond(forward: Uint8Array, backward: Uint8Array): number {
  return backward.reduce((sum, bit, at) => sum + (bit & ~forward[at]), 0)
}

/** Forward and by inputs through A, by weights through B. */
function exploringFlops(plan: ModelPlan, forward: Uint8Array, backward: Uint8Array): number {
  return 2 * forwardFlops(plan, activePerLayer(plan, forward)) + forwardFlops(plan, activePerLayer(plan, backward))
}

function setsOf(state: NamedArrays) {
  return { dense: arrayOf(state, 'dense', Float32Array), backward: arrayOf(state, 'backward', Uint8Array) }
}

/**
 * Top-KAST (Jayakumar et al. 2020): the server keeps dense weights; the largest D of each layer make up the network, the
 * largest D + M receive gradients. Both sets are chosen anew after every readjustment interval, and weights that enter the
 * network bring their values along. Clients hold the backward set only; from the round at which the topology freezes on, they
 * train the forward set alone.
 */
export const topKast: MethodRecipe = {
  ...staticPruning,
  initialMask: {
    targets: (plan, experiment) => setSizes(plan, experiment).forward,
    draw: ({ plan, experiment, initial }) => {
      const { forward, backward } = chooseSets(plan, initial, experiment)
      return { mask: forward, state: { dense: initial, backward } }
    },
  },
  download: ({ plan, experiment, round, received, state }): Download => {
    if (!explores(experiment, round)) return { arrays: {}, bits: 0 }
    const { dense, backward } = setsOf(state)
    return {
      arrays: { dense: applyMask(plan, dense, backward), backward },
      bits: formatOf(experiment).valueBits * countBeyond(received.mask, backward) + plan.prunableCount,
    }
  },
  localTraining: (context) => (explores(context.experiment, context.round) ? explore(context) : plainTraining(context)),
  expectedWork: (context) => {
    const { plan, experiment, round, images } = context
    const work = plainWork(context)
    if (!explores(experiment, round)) return work
    const { forward, backward } = setSizes(plan, experiment)
    const beyond = backward.reduce((sum, count, index) => sum + count - forward.active[index], 0)
    return {
      ...work,
      receivedBits: formatOf(experiment).valueBits * beyond + plan.prunableCount,
      sentBits: formatOf(experiment).valueBits * beyond,
      flops: images * experiment.localEpochs * (2 * forwardFlops(plan, forward.active) + forwardFlops(plan, backward)),
    }
  },
  aggregate: (context) => {
    const { plan, experiment, round, received, uploads, state } = context
    if (!explores(experiment, round)) return maskedMean(context)
    const { dense, backward } = setsOf(state)
    const mean = weightedMean(
      uploads.map(({ sent }) => arrayOf(sent, 'dense', Float32Array)),
      uploads.map(({ samples }) => samples),
    )
    const moved = trainableParameters(plan, backward)
    const next = dense.map((value, at) => (moved[at] === 1 ? mean[at] : value))
    return {
      mask: received.mask,
      parameters: applyMask(plan, next, received.mask),
      state: { dense: next, backward },
    }
  },
  updateTopology: {
    ratioAt: () => 0,
    isDue: (experiment, round) => isAtInterval(experiment, round) && explores(experiment, round),
    move: ({ plan, experiment, model, state }) => {
      const { dense } = setsOf(state)
      const { forward, backward } = chooseSets(plan, dense, experiment)
      return {
        ...moveToMask(plan, model, forward),
        parameters: applyMask(plan, dense, forward),
        restored: { scope: 'grown', parameters: dense },
        state: { dense, backward },
      }
    },
    // How many weights change places is known only then; their number stays.
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}
