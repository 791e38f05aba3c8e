import type { TopologyRecord } from '@contract/records'

/** The update whose mask is in force after `round`; −1 stands for before the first round. */
export function updateInForce(topology: readonly TopologyRecord[], round: number): number {
  return Math.max(
    0,
    topology.findLastIndex((record) => record.update === 0 || record.round <= round),
  )
}
