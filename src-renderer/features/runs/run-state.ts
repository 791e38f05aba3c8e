import type { RunProgress } from '@contract/events'
import type { RunState } from '@contract/records'

/** Share of a run that is done: whole rounds, and within the round under way the clients that have finished. */
export function shareDone(rounds: number, roundsDone: number, progress: RunProgress | undefined): number {
  if (progress === undefined || progress.round < roundsDone || progress.clientsInRound === 0) return roundsDone / rounds
  return Math.min(1, (roundsDone + progress.clientsDone / progress.clientsInRound) / rounds)
}

export type RunAction = 'pause' | 'resume' | 'cancel'

/** What can be done with a run in a state. */
export function possibleActions(state: RunState): readonly RunAction[] {
  switch (state) {
    case 'queued':
    case 'running':
      return ['pause', 'cancel']
    case 'paused':
    case 'interrupted':
      return ['resume', 'cancel']
    case 'failed':
      return ['resume']
    case 'finished':
    case 'cancelled':
      return []
  }
}
