import type { Experiment } from '../../contract/experiment'
import { plainTraining, type ClientReport } from '../federated/client-work'
import type { ModelPlan } from '../models/plan'
import { activeOverall, excludedLayers, overallTargets } from '../sparsity/distributions'
import { largestOverall, magnitudes, moveToMask } from '../sparsity/keep-largest'
import { activePerLayer, applyMask } from '../sparsity/masks'
import { unmoved } from '../sparsity/topology-update'
import type { MaskedModel } from '../trainer/trainer'
import { plainWork } from './expected-work'
import { denseStart, gradualSparsity } from './gradual'
import { none } from './none'
import { meanOverAll, type UploadMean } from './mean-over-all'
import type { MethodRecipe } from './recipe'

/** Active weights of the whole network after `round`, at least one in each layer. */
function activeAfter(plan: ModelPlan, experiment: Experiment, round: number): number {
  return activeOverall(plan.prunable, gradualSparsity(experiment, round))
}

function prune(plan: ModelPlan, experiment: Experiment, round: number, model: MaskedModel): Uint8Array {
  const excluded = excludedLayers(plan.prunable, experiment)
  return largestOverall(
    plan,
    magnitudes(plan, model.parameters),
    activeAfter(plan, experiment, round),
    model.mask,
    excluded,
  )
}

/** An estimate before the run: which layers lose weights is only known then. */
function expectedActive(plan: ModelPlan, experiment: Experiment, round: number): readonly number[] {
  return overallTargets(plan.prunable, experiment, activeAfter(plan, experiment, round)).active
}

const initialMask = denseStart((plan, experiment) => overallTargets(plan.prunable, experiment))

const isShrinking = (experiment: Experiment, round: number) =>
  gradualSparsity(experiment, round) > (round === 0 ? 0 : gradualSparsity(experiment, round - 1))

/**
 * FedSparsify-Global (Stripelis et al. 2022): starts dense; after every readjustment interval the server keeps the largest
 * weights of the averaged model over all layers, fewer each time, and clients train under the mask.
 */
export const fedSparsifyGlobal: MethodRecipe = {
  ...none,
  initialMask,
  updateTopology: {
    ratioAt: () => 0,
    isDue: isShrinking,
    move: ({ plan, experiment, round, model }) => {
      const mask = prune(plan, experiment, round, model)
      return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
    },
    activeAfter: expectedActive,
  },
}

/** Clients prune after training; the server merges their masks as `merge` says. */
function local(merge: UploadMean): MethodRecipe {
  return {
    ...none,
    initialMask,
    localTraining: async (context): Promise<ClientReport> => {
      const { trainer, experiment, round, model } = context
      const { plan } = trainer
      const report = await plainTraining(context)
      const parameters = report.parameters ?? model.parameters
      const mask = prune(plan, experiment, round, { parameters, mask: model.mask })
      return { ...report, parameters: applyMask(plan, parameters, mask), mask }
    },
    expectedWork: (context) => ({
      ...plainWork(context),
      sent: expectedActive(context.plan, context.experiment, context.round),
      sendsMask: true,
    }),
    aggregate: merge,
    updateTopology: {
      ratioAt: () => 0,
      isDue: () => true,
      // The merged masks are the new mask; how many weights they leave in each layer is their outcome.
      move: ({ plan, model }) => ({ ...unmoved(plan, model), requestedActive: activePerLayer(plan, model.mask) }),
      activeAfter: expectedActive,
    },
  }
}

/** FedSparsify-Local: the mean over all clients, in which a weight that a client has pruned counts as 0. */
export const fedSparsifyLocal: MethodRecipe = local(({ plan, uploads }) => meanOverAll(plan, uploads, 1))

/** FedSparsify-Local with majority voting: a weight stays when at least ⌊K/2⌋ of the round's K clients keep it. */
export const fedSparsifyMajority: MethodRecipe = local(({ plan, uploads }) =>
  meanOverAll(plan, uploads, Math.max(1, Math.floor(uploads.length / 2))),
)
