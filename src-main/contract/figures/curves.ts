import { accuracyOf, localAccuracy } from '../accuracy'
import type { RoundRecord } from '../records'
import { meanInterval, spread } from '../statistics'
import type { BandPoint, Point } from './line-chart'

/** What a run can be charged for. Rounds count from 0; everything else adds up. */
export const costAxes = ['rounds', 'megabytes', 'transferred', 'flops', 'seconds'] as const
export type CostAxis = (typeof costAxes)[number]

export const metrics = [
  'accuracy',
  'localAccuracy',
  'lowestClientAccuracy',
  'lowestTenthAccuracy',
  'clientDeviation',
  'globalLoss',
  'trainLoss',
] as const
export type Metric = (typeof metrics)[number]

export const bands = ['deviation', 'error', 'interval', 'none'] as const
export type Band = (typeof bands)[number]

/** Whether a metric is a share of images, shown as a percentage. */
export function isShare(metric: Metric): boolean {
  return !metric.endsWith('Loss')
}

function valueOf(record: RoundRecord, metric: Metric): number | null {
  switch (metric) {
    case 'accuracy':
      return record.clientAccuracyModel === 'own' ? null : record.globalAccuracy
    case 'localAccuracy':
      return localAccuracy(record)
    case 'globalLoss':
      return record.globalLoss
    case 'trainLoss':
      return record.trainLoss
    default:
      return clientMeasure(record, metric)
  }
}

/** How the clients' accuracies lie: what a mean over clients hides. */
function clientMeasure(
  { clientAccuracies }: RoundRecord,
  metric: 'lowestClientAccuracy' | 'lowestTenthAccuracy' | 'clientDeviation',
): number | null {
  const known = clientAccuracies?.filter((accuracy) => accuracy !== null).sort((a, b) => a - b) ?? []
  if (known.length === 0) return null
  if (metric === 'clientDeviation') return spread(known).deviation
  if (metric === 'lowestClientAccuracy') return known[0]
  return spread(known.slice(0, Math.ceil(known.length / 10))).mean
}

/** What a round adds to the cost. */
function costOf(record: RoundRecord, axis: CostAxis): number {
  switch (axis) {
    case 'rounds':
      return 1
    case 'megabytes':
      return record.uploadBytes / 1e6
    case 'transferred':
      return (record.uploadBytes + record.downloadBytes) / 1e6
    case 'flops':
      return record.trainingFlops
    case 'seconds':
      return record.seconds
  }
}

interface CurvePoint extends Point {
  readonly round: number
}

/** Value against what has been spent up to and with each round; rounds count from 0, other costs accumulate. */
export function runCurve(rounds: readonly RoundRecord[], axis: CostAxis, metric: Metric): CurvePoint[] {
  let spent = axis === 'rounds' ? -1 : 0
  return rounds.flatMap((record) => {
    spent += costOf(record, axis)
    const y = valueOf(record, metric)
    return y === null ? [] : [{ round: record.round, x: spent, y }]
  })
}

/** Half the width of a band, as a multiple of the standard deviation of n values. */
function reachOf(band: Band, n: number): number {
  if (band === 'deviation') return 1
  if (band === 'error') return 1 / Math.sqrt(n)
  return meanInterval({ n, mean: 0, deviation: 1 })?.high ?? 0
}

/**
 * Mean over seeds, round by round, at the mean of what was spent, with a band around it. A round counts when every run that
 * has any point has reached it, so the mean never changes its membership along the line.
 */
export function meanCurve(
  runs: readonly (readonly RoundRecord[])[],
  axis: CostAxis,
  metric: Metric,
  band: Band,
): { points: Point[]; band: BandPoint[] | null } {
  const curves = runs.map((rounds) => runCurve(rounds, axis, metric)).filter((curve) => curve.length > 0)
  if (curves.length === 0) return { points: [], band: null }
  if (curves.length === 1) return { points: curves[0].map(({ x, y }) => ({ x, y })), band: null }
  const byRound = curves.map((curve) => new Map(curve.map((point) => [point.round, point])))
  const reach = reachOf(band, curves.length)
  const points: Point[] = []
  const edges: BandPoint[] = []
  for (const { round } of curves[0]) {
    const here = byRound.flatMap((curve) => curve.get(round) ?? [])
    if (here.length < curves.length) continue
    const x = spread(here.map((point) => point.x)).mean
    const y = spread(here.map((point) => point.y))
    points.push({ x, y: y.mean })
    const half = (y.deviation ?? 0) * reach
    edges.push({ x, low: y.mean - half, high: y.mean + half })
  }
  return { points, band: band === 'none' ? null : edges }
}

/** What a run has spent in all: rounds trained, or the sum of another cost. */
export function totalCost(rounds: readonly RoundRecord[], axis: CostAxis): number {
  return rounds.reduce((sum, record) => sum + costOf(record, axis), 0)
}

/**
 * The highest accuracy that a run had reached when it had spent at most the budget; null when it was not evaluated by then.
 * A budget b reaches accuracy a exactly when `costToReach` of a is at most b.
 */
export function accuracyWithin(rounds: readonly RoundRecord[], axis: CostAxis, budget: number): number | null {
  let spent = 0
  let best: number | null = null
  for (const record of rounds) {
    spent += costOf(record, axis)
    if (spent > budget) break
    const accuracy = accuracyOf(record)
    if (accuracy !== null && (best === null || accuracy > best)) best = accuracy
  }
  return best
}

/** What a run had spent at the first round whose accuracy is at least this; null when none is. */
export function costToReach(rounds: readonly RoundRecord[], axis: CostAxis, target: number): number | null {
  let spent = 0
  for (const record of rounds) {
    spent += costOf(record, axis)
    const accuracy = accuracyOf(record)
    if (accuracy !== null && accuracy >= target) return spent
  }
  return null
}
