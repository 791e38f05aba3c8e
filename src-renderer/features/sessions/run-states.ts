import { runStates, type RunState } from '@contract/records'

/** How many runs are in each state, in the order of a run's life; states without runs are left out. */
export function countStates(states: readonly RunState[]): { state: RunState; count: number }[] {
  return runStates.flatMap((state) => {
    const count = states.filter((other) => other === state).length
    return count === 0 ? [] : [{ state, count }]
  })
}
