import type { RunProgress } from '@contract/events'
import type { Experiment } from '@contract/experiment'
import type { RoundRecord, RunManifest } from '@contract/records'

/** Time left of everything that is queued or running, as far as it is known from measured rounds. */
export interface Remaining {
  readonly seconds: number
  /** Runs of which nothing has been measured. */
  readonly unknown: number
}

/**
 * Adds up the running run's own estimate and, for those that wait, the mean round of runs that differ in the seed alone. What
 * was never measured is counted, not guessed.
 */
export function remainingOf(
  runs: readonly RunManifest[],
  roundsOf: (runId: string) => readonly RoundRecord[],
  progressOf: (runId: string) => RunProgress | undefined,
): Remaining {
  const measured = new Map<string, { seconds: number; rounds: number }>()
  for (const { id, experiment } of runs) {
    const rounds = roundsOf(id)
    const key = settingKey(experiment)
    const before = measured.get(key) ?? { seconds: 0, rounds: 0 }
    const seconds = rounds.reduce((sum, round) => sum + round.seconds, before.seconds)
    measured.set(key, { seconds, rounds: before.rounds + rounds.length })
  }
  let seconds = 0
  let unknown = 0
  for (const { id, state, experiment, roundsDone } of runs) {
    if (state !== 'queued' && state !== 'running') continue
    const own = state === 'running' ? (progressOf(id)?.secondsRemaining ?? null) : null
    const alike = measured.get(settingKey(experiment)) ?? { seconds: 0, rounds: 0 }
    if (own !== null) seconds += own
    else if (alike.rounds > 0) seconds += (alike.seconds / alike.rounds) * (experiment.rounds - roundsDone)
    else unknown++
  }
  return { seconds, unknown }
}

function settingKey(experiment: Experiment): string {
  return JSON.stringify({ ...experiment, seed: 0 })
}
