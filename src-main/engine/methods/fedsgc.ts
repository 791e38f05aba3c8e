import { topologyEnd, type Experiment } from '../../contract/experiment'
import { arrayOf } from '../federated/named-arrays'
import { maskedMean } from '../federated/aggregation'
import { plainTraining } from '../federated/client-work'
import type { ModelPlan } from '../models/plan'
import { positionsOf } from '../sparsity/positions'
import { isAtInterval } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import { unmoved } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'
import { fedDst, trainAndReadjust } from './feddst'
import type { Download, MethodRecipe } from './recipe'

/** Direction in which a weight moves: 0 unknown, 1 falling, 2 rising. Two bits on their way to a client. */
function directionOf(change: number): 0 | 1 | 2 {
  return change === 0 ? 0 : change < 0 ? 1 : 2
}
const directionBits = 2

/** R·(1 − t/T_end)^α: the share of the active weights that moves after `round`. */
function ratioAt(experiment: Experiment, round: number): number {
  const end = topologyEnd(experiment)
  return round >= end ? 0 : experiment.readjustmentRatio * (1 - round / end) ** experiment.decayExponent
}

function isDue(experiment: Experiment, round: number): boolean {
  return isAtInterval(experiment, round) && ratioAt(experiment, round) > 0
}

/**
 * FedSGC (2024): as FedDST, but where weights drop and grow depends on signs. The server remembers in which direction the
 * mean last moved every weight and sends that map. A share of the dropped weights is taken from those that the client moves
 * against it, a share of the grown ones from those whose gradient would move them along with it; the rest by magnitude and
 * by gradient.
 */
export const fedSgc: MethodRecipe = {
  ...fedDst,
  download: ({ plan, experiment, round, state }): Download =>
    isDue(experiment, round)
      ? { arrays: { direction: directionMap(plan, state) }, bits: directionBits * plan.prunableCount }
      : { arrays: {}, bits: 0 },
  localTraining: (context) =>
    isDue(context.experiment, context.round)
      ? trainAndReadjust(context, ({ trainer, experiment, round, model, download }, trained, gradient) =>
          moveBySigns(trainer.plan, experiment, round, {
            received: model,
            trained,
            gradient,
            direction: arrayOf(download, 'direction', Uint8Array),
          }),
        )
      : plainTraining(context),
  expectedWork: (context) => {
    const work = fedDst.expectedWork?.(context)
    if (work === undefined) throw new Error('FedDST foretells its work')
    const due = isDue(context.experiment, context.round)
    return { ...work, receivedBits: due ? directionBits * context.plan.prunableCount : 0 }
  },
  aggregate: (context) => {
    const { plan, received, state } = context
    const mean = maskedMean(context)
    const direction = directionMap(plan, state).slice()
    for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
      for (let at = 0; at < weightCount; at++) {
        const change = mean.parameters[weightOffset + at] - received.parameters[weightOffset + at]
        if (change !== 0) direction[maskOffset + at] = directionOf(change)
      }
    }
    return { ...mean, state: { direction } }
  },
  updateTopology: { ratioAt, isDue, move: ({ plan, model }) => unmoved(plan, model) },
}

function directionMap(plan: ModelPlan, state: Parameters<typeof arrayOf>[0]): Uint8Array {
  return 'direction' in state ? arrayOf(state, 'direction', Uint8Array) : new Uint8Array(plan.prunableCount)
}

interface SignedModel {
  readonly received: MaskedModel
  readonly trained: MaskedModel
  /** Dense gradient in the order of the mask. */
  readonly gradient: Float32Array
  readonly direction: Uint8Array
}

/** One client's topology update. In every layer as many weights grow as drop; grown ones start at 0. */
export function moveBySigns(
  plan: ModelPlan,
  experiment: Experiment,
  round: number,
  { received, trained, gradient, direction }: SignedModel,
): MaskedModel {
  const parameters = trained.parameters.slice()
  const mask = trained.mask.slice()
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    const weights = parameters.subarray(weightOffset, weightOffset + weightCount)
    const before = received.parameters.subarray(weightOffset, weightOffset + weightCount)
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const slope = gradient.subarray(maskOffset, maskOffset + weightCount)
    const known = direction.subarray(maskOffset, maskOffset + weightCount)
    const active = positionsOf(bits, 1)
    const inactive = positionsOf(bits, 0)
    const count = Math.min(Math.floor(ratioAt(experiment, round) * active.length), inactive.length)

    // Opposite directions are 1 and 2; where one is unknown there is no conflict.
    const conflicting = (at: number) => known[at] + directionOf(weights[at] - before[at]) === 3 && known[at] % 3 !== 0
    const agreeing = (at: number) => known[at] !== 0 && known[at] === directionOf(-slope[at])
    const { conflictShare, agreementShare } = experiment
    const dropped = chooseFirst(weights.map(Math.abs), active, count, 'smallest', conflicting, conflictShare)
    const grown = chooseFirst(slope.map(Math.abs), inactive, count, 'largest', agreeing, agreementShare)
    for (const at of dropped) {
      bits[at] = 0
      weights[at] = 0
    }
    for (const at of grown) bits[at] = 1
  }
  return { parameters, mask }
}

/**
 * `count` candidates by rank: a share of them among the preferred, as far as there are so many, the rest among the others,
 * and what is still missing among the preferred again.
 */
export function chooseFirst(
  scores: Float32Array,
  candidates: Uint32Array,
  count: number,
  order: 'smallest' | 'largest',
  isPreferred: (at: number) => boolean,
  share: number,
): number[] {
  const preferred = candidates.filter(isPreferred)
  const others = candidates.filter((at) => !isPreferred(at))
  const first = selectByRank(scores, preferred, Math.floor(share * count), order)
  const second = selectByRank(scores, others, count - first.length, order)
  const taken = new Set(first)
  const left = preferred.filter((at) => !taken.has(at))
  const third = selectByRank(scores, left, count - first.length - second.length, order)
  return [...first, ...second, ...third]
}
