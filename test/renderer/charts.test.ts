import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { RoundRecord } from '../../src-main/contract/records'
import { experimentSchema } from '../../src-main/contract/experiment'
import { decimate } from '../../src-main/contract/figures/decimate'
import { bucketRows, heatMapPixels, parseColour } from '../../src-renderer/charts/heat-map'
import { chartSummary, chartTable, type LineChartModel } from '../../src-main/contract/figures/line-chart'
import { armStyle } from '../../src-main/contract/figures/styles'
import { meanCurve, runCurve } from '../../src-main/contract/figures/curves'
import { distinguishingFields } from '../../src-main/contract/figures/arms'
import { settingNumbers, settingText } from '../../src-renderer/features/compare/settings'
import { possibleActions, shareDone } from '../../src-renderer/features/runs/run-state'
import { createFormatter } from '../../src-main/contract/format'
import { en } from '../../src-renderer/i18n/en'

const style = armStyle('dynamic')
const axis = { label: 'x', format: String }
const series = (id: string, points: [number, number][]) => ({
  id,
  label: id,
  style,
  band: null,
  points: points.map(([x, y]) => ({ x, y })),
})
const model = (...all: LineChartModel['series']): LineChartModel => ({
  title: 'T',
  x: axis,
  y: { ...axis, label: 'y' },
  series: all,
})

describe('decimate', () => {
  const points = (values: readonly number[]) => values.map((y, x) => ({ x, y }))

  it('keeps order, ends and extremes, and the bound', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ noNaN: true }), { minLength: 1, maxLength: 3000 }), (values) => {
        const all = points(values)
        const kept = decimate(all, 100)
        expect(kept.length).toBeLessThanOrEqual(Math.max(102, Math.min(100, all.length)))
        expect(kept[0]).toBe(all[0])
        expect(kept.at(-1)).toBe(all.at(-1))
        expect(kept.every((point, at) => at === 0 || point.x > kept[at - 1].x)).toBe(true)
        expect(Math.max(...kept.map(({ y }) => y))).toBe(Math.max(...values))
        expect(Math.min(...kept.map(({ y }) => y))).toBe(Math.min(...values))
      }),
      { numRuns: 50 },
    )
  })

  it('leaves finished buckets alone as points arrive', () => {
    const values = Array.from({ length: 900 }, (_, at) => Math.sin(at * 1.7))
    const before = decimate(points(values.slice(0, 880)), 500).map(({ x }) => x)
    const after = decimate(points(values), 500).map(({ x }) => x)
    expect(after.slice(0, 400)).toEqual(before.slice(0, 400))
  })
})

describe('chartTable', () => {
  it('shares rows where series share x, and marks what is missing', () => {
    const table = chartTable(
      model(
        series('a', [
          [0, 1],
          [1, 2],
        ]),
        series('b', [[1, 5]]),
      ),
      'Arm',
      '—',
    )
    expect(table.columns).toEqual(['x', 'a', 'b'])
    expect(table.rows).toEqual([
      ['0', '1', '—'],
      ['1', '2', '5'],
    ])
  })

  it('gives every point its row where x differs from series to series', () => {
    const table = chartTable(
      model(
        series('a', [
          [0.1, 1],
          [0.2, 2],
        ]),
        series('b', [
          [0.3, 5],
          [0.4, 6],
        ]),
        series('c', [
          [0.5, 7],
          [0.6, 8],
        ]),
      ),
      'Arm',
      '—',
    )
    expect(table.columns).toEqual(['Arm', 'x', 'y'])
    expect(table.rows).toHaveLength(6)
    expect(table.rows[2]).toEqual(['b', '0.3', '5'])
  })

  it('sums up the picture in one sentence', () => {
    expect(
      chartSummary(
        model(
          series('a', [
            [0, 1],
            [1, 2],
          ]),
        ),
      ),
    ).toBe('T. y / x. a: 2')
  })
})

const round = (index: number, accuracy: number | null, seconds = 1): RoundRecord => ({
  round: index,
  clients: [0],
  trainLoss: 1,
  globalAccuracy: accuracy,
  globalLoss: null,
  clientAccuracies: null,
  clientAccuracyModel: 'global',
  activeWeights: 1,
  downloadBytes: 0,
  uploadBytes: 2_000_000,
  trainingFlops: 10,
  largestClientFlops: 10,
  seconds,
})

describe('curves', () => {
  it('accumulate cost over rounds without evaluation too', () => {
    expect(runCurve([round(0, null), round(1, 0.5)], 'megabytes', 'accuracy')).toEqual([{ round: 1, x: 4, y: 0.5 }])
    expect(runCurve([round(0, 0.1), round(1, 0.5)], 'rounds', 'accuracy').map(({ x }) => x)).toEqual([0, 1])
  })

  it('average over seeds with a band, never over fewer seeds than began', () => {
    const { points, band } = meanCurve(
      [[round(0, 0.2, 1), round(1, 0.6, 1)], [round(0, 0.4, 3)]],
      'seconds',
      'accuracy',
      'deviation',
    )
    expect(points).toHaveLength(1)
    expect(points[0].x).toBe(2)
    expect(points[0].y).toBeCloseTo(0.3, 12)
    // Sample deviation of 0.2 and 0.4 is √0.02.
    expect(band?.[0].high).toBeCloseTo(0.3 + Math.sqrt(0.02), 12)
    expect(meanCurve([[round(0, 0.2)]], 'rounds', 'accuracy', 'deviation').band).toBeNull()
  })
})

describe('settings', () => {
  const base = experimentSchema.parse({})
  const others = [base, { ...base, method: 'static' as const, seed: 3 }, { ...base, rounds: 40 }]

  it('tell runs apart by what differs besides arm and seed', () => {
    expect(distinguishingFields(others)).toEqual(['rounds'])
    expect(settingNumbers(others)).toEqual([0, 0, 1])
    expect(settingText(others[2], ['rounds', 'rateDecayEnd', 'partition'], en, createFormatter('en', en))).toBe(
      'Rounds 40, Topology freezes at automatic, Partition Even (iid)',
    )
  })
})

describe('pictures', () => {
  it('run from the low colour at 0 to the high one at the largest count', () => {
    const pixels = heatMapPixels([[0, 25, 100]], [0, 0, 0], parseColour('#6400c8'))
    expect([...pixels]).toEqual([0, 0, 0, 255, 50, 0, 100, 255, 100, 0, 200, 255])
  })

  it('average rows that would not be told apart', () => {
    expect(bucketRows([[1], [3], [5]], 2)).toEqual([[2], [5]])
  })
})

describe('run state', () => {
  const progress = {
    round: 4,
    rounds: 10,
    clientsDone: 1,
    clientsInRound: 2,
    phase: 'training',
    secondsRemaining: 1,
  } as const

  it('counts the clients of the round under way, but not those of a round already recorded', () => {
    expect(shareDone(10, 4, progress)).toBeCloseTo(0.45)
    expect(shareDone(10, 5, progress)).toBe(0.5)
    expect(shareDone(10, 5, undefined)).toBe(0.5)
  })

  it('offers what the state allows', () => {
    expect(possibleActions('interrupted')).toEqual(['resume', 'resumeOnProcessor', 'startOver', 'cancel'])
    expect(possibleActions('finished')).toEqual([])
  })
})
