import type { MethodName } from './methods'

/** The runs that wait and the one that is executed, over all sessions. */

export const priorities = ['high', 'normal', 'low'] as const
export type Priority = (typeof priorities)[number]

export interface QueueEntry {
  readonly sessionId: string
  readonly sessionName: string
  readonly runId: string
  readonly method: MethodName
  readonly seed: number
  readonly rounds: number
  readonly roundsDone: number
  readonly priority: Priority
}

export interface QueueStatus {
  readonly active: (QueueEntry & { readonly stopsAfterRound: boolean }) | null
  /** The next ones, in the order in which they will run: by priority, and within it as the user ordered them. */
  readonly waiting: readonly QueueEntry[]
  /** How many wait in all. */
  readonly waitingCount: number
  /** While it is held no further run is started. */
  readonly isHeld: boolean
}

export const emptyQueue: QueueStatus = { active: null, waiting: [], waitingCount: 0, isHeld: false }
