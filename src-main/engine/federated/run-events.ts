import type { RunProgress } from '../../contract/events'
import type { ModelSummary, RoundRecord, TopologyRecord } from '../../contract/records'
import type { NamedArrays } from './named-arrays'

/** What the round loop yields, in the order in which it must be written down. */
export type RunEvent =
  /** First event of a fresh run; not yielded on resume. */
  | { readonly type: 'started'; readonly summary: ModelSummary }
  | { readonly type: 'progress'; readonly progress: Omit<RunProgress, 'secondsRemaining'> }
  | { readonly type: 'topology'; readonly record: TopologyRecord; readonly mask: Uint8Array }
  /** Every round ends with its record and the state from which the next round starts. */
  | { readonly type: 'round'; readonly record: RoundRecord; readonly state: RunCheckpoint }
  | { readonly type: 'finished'; readonly state: RunCheckpoint }

/** All that the next round depends on. Random streams are derived from the seed and need no state. */
export interface RunCheckpoint {
  /** The round to be run next. */
  readonly nextRound: number
  /** Topology records written so far, the first mask included. */
  readonly topologyUpdates: number
  readonly parameters: Float32Array
  readonly mask: Uint8Array
  readonly firstMask: Uint8Array
  /** 1 for every prunable weight that was ever active. */
  readonly fired: Uint8Array
  /** Active weights that each layer should have; null in checkpoints from before it was kept: those of the first mask. */
  readonly requestedActive: readonly number[] | null
  /** What the method remembers on the server. */
  readonly serverState: NamedArrays
  /** What each client left for itself, by its id. */
  readonly clientStates: ReadonlyMap<number, NamedArrays>
  /** Per client, the topology update whose mask it received last; −1 for none. Decides whether the mask must travel again. */
  readonly maskVersions: Int32Array
  /** Places of every layer that the last topology update changed; null before the first, and in older checkpoints. */
  readonly maskChange: readonly number[] | null
}
