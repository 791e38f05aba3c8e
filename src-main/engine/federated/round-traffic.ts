import type { Experiment } from '../../contract/experiment'
import { roundCost, type RoundCost } from '../accounting/round-cost'
import type { MethodRecipe } from '../methods/recipe'
import type { ModelPlan } from '../models/plan'

export interface AccountedRound {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly recipe: MethodRecipe
  readonly round: number
  /** Active weights per layer during the round. */
  readonly active: readonly number[]
  readonly clients: readonly number[]
  readonly clientImages: readonly number[]
  /** Number of the mask in force, and for each client the number it received last. */
  readonly maskVersion: number
  readonly maskVersions: Int32Array
}

/** What a round costs; the run and its preview both ask here, so that they agree to the byte. */
export function accountRound(round: AccountedRound): RoundCost {
  const { plan, experiment, recipe, active, clients, clientImages, maskVersion, maskVersions } = round
  const wantsGradient = recipe.beforeUpload?.(experiment, round.round).denseGradient ?? false
  const cost = roundCost(plan, {
    active,
    localEpochs: experiment.localEpochs,
    clients: clients.map((client) => ({
      images: clientImages[client],
      receivesMask: maskVersions[client] !== maskVersion,
      gradientImages: wantsGradient ? gradientBatchSize(experiment, clientImages[client]) : 0,
    })),
  })
  return recipe.accounting?.(cost, plan, experiment, round.round) ?? cost
}

/** Images of a client's dense gradient: one batch, or all that it has. */
export function gradientBatchSize(experiment: Experiment, images: number): number {
  return Math.min(experiment.batchSize, images)
}

/** The mask versions after these clients have received the mask in force. */
export function withMaskVersion(versions: Int32Array, clients: readonly number[], version: number): Int32Array {
  const next = versions.slice()
  for (const client of clients) next[client] = version
  return next
}
