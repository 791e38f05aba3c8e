import type { Experiment } from '../../contract/experiment'
import type { PlanPreview } from '../../contract/preview'
import { sharedBytes, threadBytes } from '../accounting/memory'
import { modelSummary } from '../accounting/model-summary'
import { addCosts, roundCost } from '../accounting/round-cost'
import { plainWork } from '../methods/expected-work'
import { storageBytes } from '../accounting/storage'
import { prepareModel } from '../methods/prepare-model'
import { methodRecipes } from '../methods/registry'
import type { InputShape } from '../models/architectures'
import { expectedExploredShares } from '../sparsity/exploration'
import { accountRound, withMaskVersion } from './round-traffic'
import { sampleClients } from './sample-clients'

/**
 * Topology and cost of an experiment before anything is trained. `clientImages` are the training images of each client,
 * as `previewPartition` counts them. Bytes and FLOPs equal what the run will account, as far as the layers' counts are known
 * before it.
 * Throws when model, method and sparsity do not fit the data set or each other.
 */
export function previewPlan(
  experiment: Experiment,
  inputShape: InputShape,
  classes: number,
  clientImages: readonly number[],
  estimatedSeconds: number | null,
): PlanPreview {
  const recipe = methodRecipes[experiment.method]
  const { plan, requestedActive, warnings, unusedBudget } = prepareModel(experiment, inputShape, classes)
  const rounds = Array.from({ length: experiment.rounds }, (_, round) => round)
  const updateRounds = rounds.filter((round) => recipe.updateTopology?.isDue(experiment, round) ?? false)
  const ratioAt = (round: number) => recipe.updateTopology?.ratioAt(experiment, round) ?? 0

  let maskVersion = 0
  let maskVersions: Int32Array = new Int32Array(experiment.totalClients).fill(-1)
  let active = requestedActive
  // At most: every weight dropped and as many others grown.
  let maskChange: readonly number[] | null = null
  const costs = [recipe.initialMask?.expectedScoring?.(plan, experiment, clientImages) ?? roundCost([])]
  for (const round of rounds) {
    const clients = (recipe.sampleClients ?? sampleClients)(experiment, round, clientImages)
    const transfers = clients.map((client) => ({
      received: active,
      receivesMask: maskVersions[client] !== maskVersion,
      receivedChange: maskVersions[client] >= 0 && maskVersions[client] === maskVersion - 1 ? maskChange : null,
      ...(recipe.expectedWork ?? plainWork)({ plan, experiment, round, active, images: clientImages[client] }),
    }))
    costs.push(accountRound({ plan, experiment, recipe, round, transfers }))
    maskVersions = withMaskVersion(maskVersions, clients, maskVersion)
    if (recipe.updateTopology?.isDue(experiment, round) ?? false) {
      maskVersion++
      const ratio = ratioAt(round)
      maskChange = ratio > 0 ? active.map((count) => 2 * Math.floor(ratio * count)) : null
      active = recipe.updateTopology?.activeAfter?.(plan, experiment, round, requestedActive) ?? active
    }
  }
  const total = costs.reduce(addCosts)

  const isUpdate = new Set(updateRounds)
  const exploredShares =
    updateRounds.length === 0 || recipe.updateTopology?.growsAtRandom?.(experiment) !== true
      ? []
      : networkShares(
          plan.prunable.map((layer) => layer.weightCount),
          requestedActive,
          rounds.map((round) => (isUpdate.has(round) ? ratioAt(round) : 0)),
        )

  return {
    summary: modelSummary(plan, requestedActive, unusedBudget),
    layers: plan.prunable.map((layer, index) => ({
      layer: layer.name,
      weights: layer.weightCount,
      active: requestedActive[index],
      density: requestedActive[index] / layer.weightCount,
    })),
    warnings,
    readjustmentRatios: rounds.map(ratioAt),
    updateRounds,
    expectedExploredShare: exploredShares.at(-1) ?? null,
    expectedExploredShares: exploredShares,
    totalUploadBytes: total.uploadBytes,
    totalDownloadBytes: total.downloadBytes,
    totalTrainingFlops: total.trainingFlops,
    storageBytes: storageBytes(plan, experiment, updateRounds.length),
    memory: {
      sharedBytes: sharedBytes(
        plan,
        clientImages.reduce((sum, images) => sum + images, 0),
        experiment.clientsPerRound,
      ),
      bytesPerThread: threadBytes(plan, experiment.batchSize),
    },
    device: experiment.device === 'auto' ? 'cpu' : experiment.device,
    estimatedSeconds,
  }
}

/**
 * Expected R_s of the whole network after every round, with the whole numbers of weights that really move in each layer.
 * `ratios` are the shares replaced after each round, 0 where nothing moves.
 */
function networkShares(weights: readonly number[], active: readonly number[], ratios: readonly number[]): number[] {
  const layers = weights.map((count, layer) => {
    const wholeRatios = ratios.map((ratio) => Math.floor(ratio * active[layer]) / active[layer])
    return expectedExploredShares(active[layer] / count, wholeRatios)
  })
  const total = weights.reduce((sum, count) => sum + count, 0)
  return ratios.map(
    (_, round) => layers.reduce((sum, shares, layer) => sum + shares[round] * weights[layer], 0) / total,
  )
}
