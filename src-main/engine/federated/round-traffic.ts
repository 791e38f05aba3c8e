import type { Experiment } from '../../contract/experiment'
import { formatOf } from '../accounting/communication'
import { clientCost, roundCost, type ClientTransfer, type RoundCost } from '../accounting/round-cost'
import type { MethodRecipe } from '../methods/recipe'
import type { ModelPlan } from '../models/plan'

export interface AccountedRound {
  readonly plan: ModelPlan
  readonly experiment: Experiment
  readonly recipe: MethodRecipe
  /** −1 before the first round. */
  readonly round: number
  readonly transfers: readonly ClientTransfer[]
}

/** What a round costs; the run and its preview both ask here, so that they agree to the byte. */
export function accountRound({ plan, experiment, recipe, round, transfers }: AccountedRound): RoundCost {
  return roundCost(
    transfers.map((transfer) => {
      const cost = clientCost(plan, transfer, formatOf(experiment))
      return recipe.accounting?.(cost, { plan, experiment, round, transfer }) ?? cost
    }),
  )
}

/** The mask versions after these clients have received the mask in force. */
export function withMaskVersion(versions: Int32Array, clients: readonly number[], version: number): Int32Array {
  const next = versions.slice()
  for (const client of clients) next[client] = version
  return next
}
