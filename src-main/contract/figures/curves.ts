import { spread } from '../statistics'
import { localAccuracy } from '../accuracy'
import type { RoundRecord } from '../records'
import type { BandPoint, Point } from './line-chart'

export const horizontalAxes = ['rounds', 'megabytes', 'flops', 'seconds'] as const
export type HorizontalAxis = (typeof horizontalAxes)[number]
export const verticalAxes = ['accuracy', 'localAccuracy', 'globalLoss', 'trainLoss'] as const
export type VerticalAxis = (typeof verticalAxes)[number]

function valueOf(record: RoundRecord, axis: VerticalAxis): number | null {
  if (axis === 'accuracy') return record.clientAccuracyModel === 'own' ? null : record.globalAccuracy
  if (axis === 'localAccuracy') return localAccuracy(record)
  return axis === 'globalLoss' ? record.globalLoss : record.trainLoss
}

/** What a round adds to the horizontal axis. */
function costOf(record: RoundRecord, axis: HorizontalAxis): number {
  switch (axis) {
    case 'rounds':
      return 1
    case 'megabytes':
      return record.uploadBytes / 1e6
    case 'flops':
      return record.trainingFlops
    case 'seconds':
      return record.seconds
  }
}

/** Value against what has been spent up to and with each round; rounds count from 0, other costs accumulate. */
export function runCurve(
  rounds: readonly RoundRecord[],
  horizontal: HorizontalAxis,
  vertical: VerticalAxis,
): (Point & { round: number })[] {
  let spent = horizontal === 'rounds' ? -1 : 0
  return rounds.flatMap((record) => {
    spent += costOf(record, horizontal)
    const y = valueOf(record, vertical)
    return y === null ? [] : [{ round: record.round, x: spent, y }]
  })
}

/**
 * Mean over seeds, round by round, at the mean of what was spent, with ± one standard deviation. A round counts when every
 * run that has any point has reached it, so the mean never changes its membership along the line.
 */
export function meanCurve(
  runs: readonly (readonly RoundRecord[])[],
  horizontal: HorizontalAxis,
  vertical: VerticalAxis,
): { points: Point[]; band: BandPoint[] | null } {
  const curves = runs.map((rounds) => runCurve(rounds, horizontal, vertical)).filter((curve) => curve.length > 0)
  if (curves.length === 0) return { points: [], band: null }
  if (curves.length === 1) return { points: curves[0].map(({ x, y }) => ({ x, y })), band: null }
  const byRound = curves.map((curve) => new Map(curve.map((point) => [point.round, point])))
  const points: Point[] = []
  const band: BandPoint[] = []
  for (const { round } of curves[0]) {
    const here = byRound.flatMap((curve) => curve.get(round) ?? [])
    if (here.length < curves.length) continue
    const x = spread(here.map((point) => point.x))
    const y = spread(here.map((point) => point.y))
    points.push({ x: x.mean, y: y.mean })
    const deviation = y.deviation ?? 0
    band.push({ x: x.mean, low: y.mean - deviation, high: y.mean + deviation })
  }
  return { points, band }
}
