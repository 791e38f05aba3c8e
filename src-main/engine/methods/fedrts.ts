import { randomBeta } from 'd3-random'
import type { Experiment } from '../../contract/experiment'
import { indexBits } from '../accounting/encodings'
import { denseGradientFlops } from '../accounting/flops'
import { maskedMean, type Upload } from '../federated/aggregation'
import { plainTraining, type ClientWork } from '../federated/client-work'
import { gradientImages, withGradient } from '../federated/dense-gradient'
import { arrayOf, type NamedArrays } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import { namedStream } from '../random/streams'
import { largestPerLayer, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { positionsOf } from '../sparsity/positions'
import { isUpdateRound, readjustmentRatioAt } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import type { MaskedModel } from '../trainer/trainer'
import { plainWork } from './expected-work'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** A Beta posterior (a, b) for every prunable weight: how sure the server is that the weight belongs into the mask. */
interface Posterior {
  readonly a: Float32Array
  readonly b: Float32Array
}

/** k = ⌊R·K⌋ of a layer's K active weights are in doubt, but no more than could take their place. */
function doubtful(experiment: Experiment, round: number, weights: number, active: number): number {
  return Math.min(Math.floor(readjustmentRatioAt(experiment, round) * active), weights - active)
}

/** Trains; in an update round also sends the positions, without values, of each layer's k largest inactive gradients. */
const trainAndVote: ClientWork = async (context) => {
  const { trainer, experiment, round, model } = context
  const report = await plainTraining(context)
  if (!isUpdateRound(experiment, round)) return report
  const scored = await withGradient(context, report)
  const gradient = arrayOf(scored.sent, 'gradient', Float32Array)
  let sentBits = 0
  const candidates = trainer.plan.prunable.flatMap(({ maskOffset, weightCount }) => {
    const inactive = positionsOf(model.mask.subarray(maskOffset, maskOffset + weightCount), 0)
    const count = doubtful(experiment, round, weightCount, weightCount - inactive.length)
    const scores = gradient.subarray(maskOffset, maskOffset + weightCount).map(Math.abs)
    sentBits += count * indexBits(weightCount)
    return Array.from(selectByRank(scores, inactive, count, 'largest'), (at) => maskOffset + at)
  })
  return { ...report, sent: { candidates: Int32Array.from(candidates) }, sentBits, flops: scored.flops }
}

/**
 * FedRTS (Huang et al. 2025): the mask is drawn by Thompson sampling. Every round the posteriors of active weights learn
 * from whether a weight is among the K − k largest of its layer, at each client and in the mean; in an update round those of
 * inactive weights learn from whether clients name them among their k largest gradients. Then a value is drawn from every
 * posterior and each layer keeps the K weights with the largest. New weights start at 0.
 */
export const fedRts: MethodRecipe = {
  ...staticPruning,
  localTraining: trainAndVote,
  expectedWork: (context) => {
    const { plan, experiment, round, active, images } = context
    const work = plainWork(context)
    if (!isUpdateRound(experiment, round)) return work
    const bits = plan.prunable.map(
      ({ weightCount }, index) => doubtful(experiment, round, weightCount, active[index]) * indexBits(weightCount),
    )
    return {
      ...work,
      sentBits: bits.reduce((sum, value) => sum + value, 0),
      flops: work.flops + gradientImages(experiment, images) * denseGradientFlops(plan, active),
    }
  },
  aggregate: (context) => {
    const { plan, experiment, round, uploads, state, requestedActive } = context
    const model = maskedMean(context)
    const keeps = plan.prunable.map(
      ({ weightCount }, index) =>
        requestedActive[index] - doubtful(experiment, round, weightCount, requestedActive[index]),
    )
    const outcome = activeOutcomes(plan, experiment, model, uploads, keeps)
    return { ...model, state: { ...learn(experiment, posteriorOf(plan, state), outcome, model.mask, 1) } }
  },
  updateTopology: {
    ratioAt: readjustmentRatioAt,
    isDue: isUpdateRound,
    move: ({ plan, experiment, round, model, uploads, state, requestedActive }) => {
      const outcome = inactiveOutcomes(plan, experiment, uploads)
      const posterior = learn(experiment, posteriorOf(plan, state), outcome, model.mask, 0)
      const drawn = drawFrom(plan, posterior, thompsonDraw(experiment, round))
      const mask = largestPerLayer(plan, drawn, requestedActive, new Uint8Array(plan.prunableCount).fill(1))
      return { ...moveToMask(plan, model, mask), state: { ...posterior } }
    },
  },
}

function posteriorOf(plan: ModelPlan, state: NamedArrays): Posterior {
  if (!('a' in state)) {
    return { a: new Float32Array(plan.prunableCount).fill(1), b: new Float32Array(plan.prunableCount).fill(1) }
  }
  return { a: arrayOf(state, 'a', Float32Array), b: arrayOf(state, 'b', Float32Array) }
}

/** X = γ·X_mean + (1 − γ)·Σ p_c·X_c for active weights, X being 1 for the `keeps[l]` largest of a layer. */
export function activeOutcomes(
  plan: ModelPlan,
  { banditBlend }: Pick<Experiment, 'banditBlend'>,
  mean: MaskedModel,
  uploads: readonly Upload[],
  keeps: readonly number[],
): Float32Array {
  const samples = uploads.reduce((total, upload) => total + upload.samples, 0)
  const outcome = new Float32Array(plan.prunableCount)
  const add = (model: MaskedModel, weight: number) => {
    const kept = largestPerLayer(plan, magnitudes(plan, model.parameters), keeps, mean.mask)
    for (let at = 0; at < outcome.length; at++) outcome[at] += weight * kept[at]
  }
  add(mean, banditBlend)
  for (const upload of uploads) add(upload, ((1 - banditBlend) * upload.samples) / samples)
  return outcome
}

/** X = γ·½ + (1 − γ)·Σ p_c·X_c for inactive weights, X_c being 1 where the client named the weight. */
export function inactiveOutcomes(
  plan: ModelPlan,
  { banditBlend }: Pick<Experiment, 'banditBlend'>,
  uploads: readonly Upload[],
): Float32Array {
  const samples = uploads.reduce((total, upload) => total + upload.samples, 0)
  const outcome = new Float32Array(plan.prunableCount).fill(banditBlend / 2)
  for (const { sent, samples: weight } of uploads) {
    for (const at of arrayOf(sent, 'candidates', Int32Array)) outcome[at] += ((1 - banditBlend) * weight) / samples
  }
  return outcome
}

/** a ← a + λ·X, b ← b + λ·(1 − X) for the weights whose mask has this value. */
export function learn(
  { banditStep }: Pick<Experiment, 'banditStep'>,
  { a, b }: Posterior,
  outcome: Float32Array,
  mask: Uint8Array,
  value: 0 | 1,
): Posterior {
  return {
    a: a.map((before, at) => (mask[at] === value ? before + banditStep * outcome[at] : before)),
    b: b.map((before, at) => (mask[at] === value ? before + banditStep * (1 - outcome[at]) : before)),
  }
}

/** One value from every posterior, by a function of each layer. */
export function drawFrom(
  plan: ModelPlan,
  { a, b }: Posterior,
  layerDraw: (layer: string) => (a: number, b: number) => number,
): Float32Array {
  const drawn = new Float32Array(plan.prunableCount)
  for (const { name, maskOffset, weightCount } of plan.prunable) {
    const draw = layerDraw(name)
    for (let at = maskOffset; at < maskOffset + weightCount; at++) drawn[at] = draw(a[at], b[at])
  }
  return drawn
}

/** A draw from Beta(a, b), from a stream of each layer and round. */
export function thompsonDraw({ seed }: Pick<Experiment, 'seed'>, round: number) {
  return (layer: string) => {
    const stream = namedStream(seed, `thompson/${round}/${layer}`)
    const beta = randomBeta.source(() => stream.uniform())
    return (a: number, b: number) => beta(a, b)()
  }
}
