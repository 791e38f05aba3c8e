import type { Experiment } from '../../contract/experiment'
import { formatOf, gradientBits } from '../accounting/communication'
import { denseGradientFlops } from '../accounting/flops'
import { meanOfSent, type Upload } from '../federated/aggregation'
import { plainTraining, type ClientWork } from '../federated/client-work'
import { withGradient } from '../federated/dense-gradient'
import { denseMomentumTraining } from '../federated/dense-momentum'
import {
  gradientScores,
  lowestScore,
  movementScores,
  randomDrop,
  smallestMagnitude,
  smallestOfEachSign,
  type Drop,
  type DropCriterion,
  type GrowthCriterion,
} from '../sparsity/criteria'
import { decaying, type Schedule } from '../sparsity/schedule'
import { gradientGrowth, moveTopology, randomGrowth, unfiredGrowth, type Growth } from '../sparsity/topology-update'
import { plainWork, withGradientWork } from './expected-work'
import type { MethodRecipe, TopologyContext } from './recipe'
import { staticPruning } from './static'

/** What clients compute and send beside their weights, so that the server can score weights. */
export interface Scoring {
  /** Batches of the dense gradient of the trained model; 0 for none. */
  readonly gradientBatches: number
  /** The dense momentum of local training. */
  readonly momentum: boolean
}

const noScoring: Scoring = { gradientBatches: 0, momentum: false }

/** What these criteria need of the clients. */
export function scoringOf(experiment: Experiment, drop: DropCriterion, growth: GrowthCriterion): Scoring {
  const needsGradient = drop === 'gradient' || drop === 'weight-gradient' || growth === 'gradient'
  return {
    gradientBatches: growth === 'averaged-gradient' ? experiment.gradientBatches : needsGradient ? 1 : 0,
    momentum: growth === 'momentum',
  }
}

/**
 * Client work and its foreseen cost: scores are computed and sent in the rounds after which the topology moves, and in no
 * other.
 */
export function scoredTraining(
  schedule: Schedule,
  scoring: (experiment: Experiment) => Scoring,
): Required<Pick<MethodRecipe, 'localTraining' | 'expectedWork'>> {
  const scoringAt = (experiment: Experiment, round: number) =>
    schedule.isDue(experiment, round) ? scoring(experiment) : noScoring
  const localTraining: ClientWork = async (context) => {
    const { gradientBatches, momentum } = scoringAt(context.experiment, context.round)
    const report = await (momentum ? denseMomentumTraining(context) : plainTraining(context))
    return gradientBatches > 0 ? withGradient(context, report, gradientBatches) : report
  }
  return {
    localTraining,
    expectedWork: (context) => {
      const { plan, experiment, round, active, images } = context
      const { gradientBatches, momentum } = scoringAt(experiment, round)
      const work = plainWork(context)
      const trained = momentum
        ? {
            ...work,
            sentBits: work.sentBits + gradientBits(plan, formatOf(experiment)),
            flops: images * experiment.localEpochs * denseGradientFlops(plan, active),
          }
        : work
      return gradientBatches > 0 ? withGradientWork(context, trained, gradientBatches) : trained
    },
  }
}

/** The free parts of a server-side method that keeps every layer's count. */
interface MovingParts {
  readonly drop: (experiment: Experiment) => DropCriterion
  readonly growth: (experiment: Experiment) => GrowthCriterion
  readonly schedule?: Schedule
}

/**
 * The skeleton of server-side dynamic sparse training: starts from a random mask; in update rounds clients send what the
 * criteria score with, and the server drops and grows equally many weights of every layer of the averaged model.
 */
export function movingMask({ drop, growth, schedule = decaying }: MovingParts): MethodRecipe {
  return {
    ...staticPruning,
    ...scoredTraining(schedule, (experiment) => scoringOf(experiment, drop(experiment), growth(experiment))),
    updateTopology: {
      ...schedule,
      growsAtRandom: (experiment) => growth(experiment) === 'random',
      move: (context) => {
        const { plan, experiment, ratio, model } = context
        return moveTopology(
          plan,
          model,
          ratio,
          growthBy(growth(experiment), context),
          true,
          dropBy(drop(experiment), context),
        )
      },
    },
  }
}

/** The criterion as a choice among the active weights of the averaged model. */
function dropBy(criterion: DropCriterion, context: TopologyContext): Drop {
  const { plan, experiment, round, model, received, uploads } = context
  switch (criterion) {
    case 'magnitude':
      return smallestMagnitude
    case 'signed':
      return smallestOfEachSign
    case 'gradient':
      return lowestScore(gradientScores(plan, meanGradient(uploads)))
    case 'weight-gradient':
      return lowestScore(gradientScores(plan, meanGradient(uploads), model.parameters))
    case 'movement':
      return lowestScore(movementScores(plan, received.parameters, model.parameters))
    case 'random':
      return randomDrop(experiment.seed, round)
  }
}

/** The criterion as a choice among candidates. */
function growthBy(criterion: GrowthCriterion, context: TopologyContext): Growth {
  const { experiment, round, fired, uploads } = context
  switch (criterion) {
    case 'random':
      return randomGrowth(experiment.seed, round)
    case 'random-unfired':
      return unfiredGrowth(experiment.seed, round, fired)
    case 'gradient':
    case 'averaged-gradient':
      return gradientGrowth(meanGradient(uploads))
    case 'momentum':
      return gradientGrowth(meanOfSent(uploads, 'momentum'))
  }
}

/** The clients' dense gradients, averaged by their images, in the order of the mask. */
export function meanGradient(uploads: readonly Upload[]): Float32Array {
  return meanOfSent(uploads, 'gradient')
}
