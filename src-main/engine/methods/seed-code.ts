import type { Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'
import { range } from '../random/draw'
import { activePerLayer } from '../sparsity/masks'
import { readjustmentRatioAt } from '../sparsity/schedule'
import { pruneAllPositions } from '../sparsity/feddst-pruning'
import { randomGrowth, type Growth, type TopologyMove } from '../sparsity/topology-update'
import { plainTraining } from '../federated/client-work'
import { arrayOf } from '../federated/named-arrays'
import { contributionMean } from '../federated/contribution'
import { countsOf, magnitudeOfInitialWeights, withSoftmax } from './published-code'
import type { MethodRecipe, TopologyContext, UploadContext } from './recipe'

/**
 * Server-side SET with cosine decay as the code published with the thesis executes it (ailianligit/Pruning-Based-FL,
 * pruning_fl.py, 2023): FedDST's network, batches and layer counts; the server drops down to S + (1 − S)·r_t by magnitude and
 * grows back at random, in round 0 too. `regrownWeights` chooses between the code, where a grown weight starts at 0, and the
 * thesis's text, where it gets back the value that it had (its first one if it never was active).
 */
export const seedCode: MethodRecipe = seedCodeWith((experiment, round) => randomGrowth(experiment.seed, round))

/** The same with another choice of growth. */
export function seedCodeWith(growthOf: (experiment: Experiment, round: number) => Growth): MethodRecipe {
  return {
    narrowModel: withSoftmax,
    initialMask: {
      ...magnitudeOfInitialWeights,
      draw: async (context) => {
        const first = await magnitudeOfInitialWeights.draw(context)
        return context.experiment.regrownWeights === 'zero' ? first : { ...first, state: { kept: context.initial } }
      },
    },
    localTraining: (context) => plainTraining(context, { isShuffled: false }),
    aggregate: (context) => {
      const mean = contributionMean(context)
      if (context.experiment.regrownWeights === 'zero') return mean
      const kept = withActive(context, mean.parameters, mean.mask)
      return { ...mean, state: { ...(mean.state ?? context.state), kept } }
    },
    updateTopology: {
      ratioAt: readjustmentRatioAt,
      growsAtRandom: () => true,
      isDue: (experiment, round) =>
        round % experiment.readjustmentInterval === 0 && readjustmentRatioAt(experiment, round) > 0,
      move: (context) => moveAsCounted(context, growthOf(context.experiment, context.round)),
    },
    accounting: (cost, { plan, round, transfer }) => {
      const active = transfer.received.reduce((sum, count) => sum + count, 0)
      const values = 32 * (active + plan.parameterCount - plan.prunableCount)
      // The mask travels in every round; the values of round 0 are free, as if sent as a random seed.
      return { ...cost, downloadBits: plan.prunableCount + (round === 0 ? 0 : values), uploadBits: values }
    },
  }
}

function moveAsCounted({ plan, experiment, ratio, model, state }: TopologyContext, growth: Growth): TopologyMove {
  const { sparsity } = experiment
  const fewer = countsOf(plan, experiment, sparsity + (1 - sparsity) * ratio)
  const counts = countsOf(plan, experiment, sparsity)
  const pruned = pruneAllPositions(plan, model, fewer)
  const mask = pruned.mask.slice()
  const layers = plan.prunable.map((layer, index) => {
    const { maskOffset, weightCount } = layer
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const where = (holds: (position: number) => boolean) => range(weightCount).filter(holds)
    const dropped = where((position) => model.mask[maskOffset + position] === 1 && bits[position] === 0)
    const inactive = where((position) => bits[position] === 0)
    const keep = counts[index]
    const missing = keep === null ? 0 : Math.max(0, keep - (weightCount - inactive.length))
    const grown = growth(layer, inactive, missing).slice().sort()
    for (const position of grown) bits[position] = 1
    return { dropped, grown }
  })
  // A weight that is dropped and grown again starts anew, as the code prunes before it grows.
  const move = { ...pruned, mask, layers, requestedActive: activePerLayer(plan, mask) }
  if (experiment.regrownWeights === 'zero') return move
  const kept = arrayOf(state, 'kept', Float32Array)
  const parameters = pruned.parameters.slice()
  eachWeight(plan, (flat, position) => {
    if (pruned.mask[position] === 0 && mask[position] === 1) parameters[flat] = kept[flat]
  })
  return { ...move, parameters, restored: { scope: 'grown', parameters: kept } }
}

/** What the server keeps of every weight: the new value where it is active, else the old one. */
function withActive({ plan, state }: UploadContext, parameters: Float32Array, mask: Uint8Array): Float32Array {
  const kept = arrayOf(state, 'kept', Float32Array).slice()
  eachWeight(plan, (flat, position) => {
    if (mask[position] === 1) kept[flat] = parameters[flat]
  })
  return kept
}

/** Calls with the position of each prunable weight in the parameters and in the mask. */
function eachWeight(plan: ModelPlan, visit: (flat: number, position: number) => void): void {
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    for (let at = 0; at < weightCount; at++) visit(weightOffset + at, maskOffset + at)
  }
}
