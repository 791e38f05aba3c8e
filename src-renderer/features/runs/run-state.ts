import type { RunProgress } from '@contract/events'
import type { RunState } from '@contract/records'
import type { RunAction } from '../../state/laboratory.svelte'

/** Share of a run that is done: whole rounds, and within the round under way the clients that have finished. */
export function shareDone(rounds: number, roundsDone: number, progress: RunProgress | undefined): number {
  if (progress === undefined || progress.round < roundsDone || progress.clientsInRound === 0) return roundsDone / rounds
  return Math.min(1, (roundsDone + progress.clientsDone / progress.clientsInRound) / rounds)
}

/** What can be done with a run in a state. */
export function possibleActions(state: RunState): readonly RunAction[] {
  switch (state) {
    case 'queued':
      return ['pause', 'cancel']
    case 'running':
      return ['pause', 'pauseRound', 'cancel']
    case 'paused':
    case 'interrupted':
      return ['resume', 'resumeOnProcessor', 'startOver', 'cancel']
    case 'failed':
      return ['resume', 'resumeOnProcessor', 'startOver']
    case 'cancelled':
      return ['startOver']
    case 'finished':
      return []
  }
}
