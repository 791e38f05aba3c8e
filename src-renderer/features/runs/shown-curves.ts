import type { RoundRecord, RunManifest, RunState } from '@contract/records'
import type { Point } from '@contract/figures/line-chart'
import { runCurve, type Metric } from '@contract/figures/curves'

/** More lines than this can neither be told apart nor redrawn at every round. */
const mostCurves = 24

const urgency: Partial<Record<RunState, number>> = { running: 0, failed: 1, interrupted: 1, paused: 1 }

/** The runs whose curves are drawn, in the order of the session: those under way and stopped, then the latest. */
export function runsWithCurves(runs: readonly RunManifest[], hasRounds: (runId: string) => boolean): RunManifest[] {
  const drawn = runs.filter(({ id }) => hasRounds(id))
  if (drawn.length <= mostCurves) return drawn
  const rank = ({ state }: RunManifest) => urgency[state] ?? 2
  const chosen = new Set(
    [...drawn].sort((a, b) => rank(a) - rank(b) || b.updatedAt.localeCompare(a.updatedAt)).slice(0, mostCurves),
  )
  return drawn.filter((run) => chosen.has(run))
}

const curves = new WeakMap<readonly RoundRecord[], Partial<Record<Metric, readonly Point[]>>>()

/** A run's curve over rounds. It is computed once for a list of records: at a new round only that run's list is another. */
export function curveOver(rounds: readonly RoundRecord[], vertical: Metric): readonly Point[] {
  const known = curves.get(rounds) ?? {}
  const points = known[vertical] ?? runCurve(rounds, 'rounds', vertical)
  curves.set(rounds, { ...known, [vertical]: points })
  return points
}
