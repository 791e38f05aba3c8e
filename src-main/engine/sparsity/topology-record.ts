import type { TopologyRecord } from '../../contract/records'
import type { ModelPlan } from '../models/plan'
import type { MaskedModel } from '../trainer/trainer'
import { clientOverlap } from './client-overlap'
import { countNewlyActive, jaccard } from './exploration'
import { checkInvariants } from './invariants'
import { countActive } from './masks'
import { weightHistogram } from './weight-histogram'
import type { TopologyMove } from './topology-update'

export interface TopologyChange {
  readonly update: number
  readonly round: number
  readonly readjustmentRatio: number
  readonly requestedActive: readonly number[]
  /** The mask of the record before. */
  readonly previousMask: Uint8Array
  /** What the server moved: the aggregate of the round. */
  readonly before: MaskedModel
  readonly after: TopologyMove
  readonly firstMask: Uint8Array
  /** Weights ever active, `after` included. */
  readonly fired: Uint8Array
  /** The masks that the clients of the round trained under or sent. */
  readonly uploads?: readonly { readonly client: number; readonly mask: Uint8Array }[]
}

/** The line of `topology.ndjson` for one change of mask, measured on the masks themselves. */
export function topologyRecord(plan: ModelPlan, change: TopologyChange): TopologyRecord {
  const {
    update,
    round,
    readjustmentRatio,
    requestedActive,
    previousMask,
    before,
    after,
    firstMask,
    fired,
    uploads = [],
  } = change
  const layers = plan.prunable.map(({ name, weightOffset, maskOffset, weightCount }, index) => {
    const part = (mask: Uint8Array) => mask.subarray(maskOffset, maskOffset + weightCount)
    const active = countActive(part(after.mask))
    const grown = countNewlyActive(part(previousMask), part(after.mask))
    return {
      layer: name,
      weights: weightCount,
      requestedActive: requestedActive[index],
      active,
      pruned: countNewlyActive(part(after.mask), part(previousMask)),
      grown,
      turnover: active === 0 ? 0 : grown / active,
      jaccardWithFirst: jaccard(part(firstMask), part(after.mask)),
      exploredShare: countActive(part(fired)) / weightCount,
      weightHistogram: weightHistogram(
        before.parameters.subarray(weightOffset, weightOffset + weightCount),
        part(previousMask),
        part(after.mask),
      ),
    }
  })
  const overlap = clientOverlap(uploads)
  return {
    update,
    round,
    readjustmentRatio,
    layers,
    invariants: checkInvariants(plan, requestedActive, before, after),
    ...(overlap === null ? {} : { clientOverlap: overlap }),
  }
}
