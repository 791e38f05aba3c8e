import type { Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { denseForwardFlops, denseGradientFlops } from '../accounting/flops'
import { addCosts, clientCost, roundCost, type RoundCost } from '../accounting/round-cost'
import { weightedMean } from '../federated/aggregation'
import type { ClientContext, ClientReport, ClientWork } from '../federated/client-work'
import { prunablePart } from '../federated/dense-gradient'
import { arrayOf, type NamedArrays } from '../federated/named-arrays'
import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream, shuffle } from '../random/streams'
import { activeOverall, excludedLayers, overallTargets } from '../sparsity/distributions'
import { largestOverall } from '../sparsity/keep-largest'
import { activePerLayer, countActive } from '../sparsity/masks'
import type { MaskedModel } from '../trainer/trainer'
import type { FirstMask, FirstMaskContext, InitialMask, MethodRecipe, Question } from './recipe'
import { staticPruning } from './static'

/**
 * Fixed masks from scores at the initial weights, mapped to clients: what a centralised method computes on one mini-batch is
 * computed here on the union of one batch of every client, as the server can put it together from what they send. Clients
 * send gradients, never images.
 */

const bitsPerValue = 32

/** A recipe whose mask is drawn by scores over the whole network and then stays. */
export function scoredMask(
  draw: InitialMask['draw'],
  expectedScoring?: InitialMask['expectedScoring'],
  otherWork?: MethodRecipe['otherWork'],
): MethodRecipe {
  return {
    ...staticPruning,
    initialMask: {
      targets: (plan, experiment) => overallTargets(plan.prunable, experiment),
      draw,
      expectedScoring,
    },
    otherWork,
  }
}

/** The network of initial weights before anything is pruned. */
export function denseModel({ plan, initial }: FirstMaskContext): MaskedModel {
  return { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
}

/** Clients that own images: all of them score. */
export function scoringClients(clientImages: readonly number[]): number[] {
  return clientImages.flatMap((images, client) => (images > 0 ? [client] : []))
}

/** Images of a client's batch for scoring. */
function scoringImageCount({ scoringImages }: Experiment, images: number): number {
  return Math.min(scoringImages, images)
}

/** A client's batch for scoring in a step: random images of its own, another draw in every step. */
function scoringBatch({ experiment, client, indices, download }: ClientContext): Uint32Array {
  const step = 'step' in download ? arrayOf(download, 'step', Int32Array)[0] : 0
  const stream = namedStream(experiment.seed, `scoring/${step}/${client}`)
  return drawWithoutReplacement(stream, indices.slice(), scoringImageCount(experiment, indices.length))
}

/** As many random images in which the client's classes are as equal as they can be: classes take turns. */
export function balancedBatch({ experiment, client, train, indices }: ClientContext): Uint32Array {
  const turns = new Map<number, number>()
  const inTurn = [...shuffle(namedStream(experiment.seed, `scoring/balanced/${client}`), indices.slice())].map(
    (image) => {
      const turn = turns.get(train.labels[image]) ?? 0
      turns.set(train.labels[image], turn + 1)
      return { image, turn }
    },
  )
  inTurn.sort((a, b) => a.turn - b.turn)
  return Uint32Array.from(inTurn.slice(0, scoringImageCount(experiment, indices.length)), ({ image }) => image)
}

/** The report of work that only computes a vector over prunable weights and sends it as floats, as `scores`. */
export function scoresReport(scores: Float32Array, sentValues: number, flops: number): ClientReport {
  return {
    parameters: null,
    mask: null,
    steps: 0,
    lossSum: 0,
    sent: { scores },
    sentBits: bitsPerValue * sentValues,
    state: {},
    flops,
  }
}

/** The dense gradient of the client's scoring batch at the received model; of the weights in its mask alone where so said. */
export function gradientWork(sends: 'all weights' | 'remaining weights'): ClientWork {
  return async (context) => {
    const { trainer, train, model } = context
    const { plan } = trainer
    const batch = scoringBatch(context)
    const { gradient } = await trainer.gradient(model, train, batch)
    const scores = prunablePart(plan, gradient)
    const flops = batch.length * denseGradientFlops(plan, activePerLayer(plan, model.mask))
    if (sends === 'all weights') return scoresReport(scores, plan.prunableCount, flops)
    return scoresReport(
      scores.map((value, at) => (model.mask[at] === 1 ? value : 0)),
      countActive(model.mask),
      flops,
    )
  }
}

/** The mean over all clients of what they send as `scores`, weighted by the images of their batches. */
export async function meanScores(
  { experiment, clientImages, ask }: FirstMaskContext,
  question: Omit<Question, 'clients'>,
): Promise<Float32Array> {
  const clients = scoringClients(clientImages)
  const reports = await ask({ ...question, clients })
  return weightedMean(
    reports.map(({ sent }) => arrayOf(sent, 'scores', Float32Array)),
    clients.map((client) => scoringImageCount(experiment, clientImages[client])),
  )
}

/** What tells clients which step of scoring it is: part of the protocol, so it costs nothing. */
export function stepOf(step: number): { readonly arrays: NamedArrays; readonly bits: number } {
  return { arrays: { step: Int32Array.of(step) }, bits: 0 }
}

/** |w·g| of every prunable weight: the sensitivity of the loss to its connection (Lee et al. 2019). */
export function sensitivity(plan: ModelPlan, parameters: Float32Array, gradient: Float32Array): Float32Array {
  return prunablePart(plan, parameters).map((weight, at) => Math.abs(weight * gradient[at]))
}

/** The mask of largest scores over the whole network with exactly `count` weights, excluded layers being dense. */
export function keepOverall(
  { plan, experiment }: Pick<FirstMaskContext, 'plan' | 'experiment'>,
  scores: Float32Array,
  within: Uint8Array,
  count = activeOverall(plan.prunable, experiment.sparsity),
): Uint8Array {
  return largestOverall(plan, scores, count, within, excludedLayers(plan.prunable, experiment))
}

/** A mask as the first one. */
export function firstMask(plan: ModelPlan, mask: Uint8Array): FirstMask {
  return { mask, active: activePerLayer(plan, mask) }
}

/** One question to all clients, for the preview. `flopsPerImage` and counts are those of the model they get. */
interface ExpectedQuestion {
  readonly received: readonly number[]
  readonly receivedValues: number
  readonly sentValues: number
  readonly flopsPerImage: number
}

/** What asking all clients these questions costs. */
export function questionsCost(
  plan: ModelPlan,
  experiment: Experiment,
  clientImages: readonly number[],
  questions: readonly ExpectedQuestion[],
): RoundCost {
  return questions
    .map(({ received, receivedValues, sentValues, flopsPerImage }) =>
      roundCost(
        scoringClients(clientImages).map((client) =>
          clientCost(
            plan,
            {
              received,
              receivesMask: true,
              receivedBits: bitsPerValue * receivedValues,
              sent: null,
              sendsMask: false,
              sentBits: bitsPerValue * sentValues,
              flops: flopsPerImage * scoringImageCount(experiment, clientImages[client]),
            },
            formatOf(experiment),
          ),
        ),
      ),
    )
    .reduce(addCosts, roundCost([]))
}

/** A gradient of the dense network, sent whole. */
export function denseQuestion(plan: ModelPlan, gradients = 1, receivedValues = 0): ExpectedQuestion {
  return {
    received: plan.prunable.map(({ weightCount }) => weightCount),
    receivedValues,
    sentValues: plan.prunableCount,
    flopsPerImage: 3 * gradients * denseForwardFlops(plan),
  }
}
