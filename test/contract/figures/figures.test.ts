import fc from 'fast-check'
import { readFileSync } from 'node:fs'
import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { figureArms } from '../../../src-main/contract/figures/arms'
import { accuracyWithin, costToReach, meanCurve, runCurve } from '../../../src-main/contract/figures/curves'
import { figureFileName, figureSvg, figureText } from '../../../src-main/contract/figures/figure'
import { englishFormat } from '../../../src-main/contract/figures/formats'
import { intervalFigure } from '../../../src-main/contract/figures/interval-chart'
import { lineFigure } from '../../../src-main/contract/figures/line-figure'
import { matrixFigure } from '../../../src-main/contract/figures/matrix-chart'
import { paperColours } from '../../../src-main/contract/figures/paper-colours'
import { brushed, parallelFigure } from '../../../src-main/contract/figures/parallel-chart'
import { paretoFront } from '../../../src-main/contract/figures/pareto'
import { scatterFigure } from '../../../src-main/contract/figures/scatter-chart'
import { escapeXml } from '../../../src-main/contract/figures/svg'
import {
  commonAccuracy,
  commonBudget,
  curvesModel,
  differencesModel,
  parallelModel,
  paretoModel,
  toReachModel,
  withinModel,
} from '../../../src-main/contract/figures/views'
import { englishFigureWords as words, englishLabels } from '../../../src-main/contract/figures/words'
import { meanInterval } from '../../../src-main/contract/statistics'
import { fourArms, run } from '../../report/fixtures'

const language = { words, format: englishFormat, labels: englishLabels }
const arms = figureArms(fourArms, englishLabels)
const dynamic = arms.find(({ method }) => method === 'dynamic') ?? arms[0]
const fixed = arms.find(({ method }) => method === 'static') ?? arms[0]

/** Seeds of two settings, so that labels have to tell them apart. */
const sweep = figureArms(
  [0.8, 0.9].flatMap((sparsity) =>
    [0, 1].map((seed) => ({
      ...run({ method: 'dynamic', sparsity, seed }, [0.5 + sparsity / 10, null, 0.6 + seed / 20]),
    })),
  ),
  englishLabels,
)

describe('arms of figures', () => {
  it('are labelled by what differs', () => {
    expect(arms.map(({ label }) => label)).toEqual([
      'Dynamic pruning',
      'Static pruning',
      'No pruning',
      'Small dense model',
    ])
    expect(sweep.map(({ label }) => label)).toEqual([
      'Dynamic pruning · sparsity 0.8',
      'Dynamic pruning · sparsity 0.9',
    ])
    expect(sweep[1].style).not.toEqual(sweep[0].style)
  })
})

describe('curves', () => {
  it('have the band asked for', () => {
    const half = (band: 'deviation' | 'error' | 'interval') => {
      const { band: edges } = meanCurve(dynamic.rounds, 'rounds', 'accuracy', band)
      const last = edges?.at(-1)
      return last === undefined ? 0 : (last.high - last.low) / 2
    }
    // 0.74, 0.86 and 0.80: deviation 0.06, t(2; 0.975) = 4.302653.
    expect(half('deviation')).toBeCloseTo(0.06, 12)
    expect(half('error')).toBeCloseTo(0.06 / Math.sqrt(3), 12)
    expect(half('interval')).toBeCloseTo((4.302652729 * 0.06) / Math.sqrt(3), 8)
    expect(meanCurve(dynamic.rounds, 'rounds', 'accuracy', 'none').band).toBeNull()
  })

  it('show what a mean over clients hides', () => {
    const [record] = fourArms[0].rounds
    const clientAccuracies = [0.5, null, 0.1, 0.9, 0.7]
    const value = (metric: Parameters<typeof runCurve>[2]) =>
      runCurve([{ ...record, clientAccuracies }], 'rounds', metric).at(0)?.y
    expect(value('localAccuracy')).toBeCloseTo(0.55, 12)
    expect(value('lowestClientAccuracy')).toBe(0.1)
    expect(value('lowestTenthAccuracy')).toBe(0.1)
    expect(value('clientDeviation')).toBeCloseTo(0.3415650255, 9)
    expect(runCurve([record], 'rounds', 'lowestClientAccuracy')).toEqual([])
  })

  it('count both directions where asked', () => {
    const { rounds } = fourArms[0]
    expect(runCurve(rounds, 'megabytes', 'accuracy').map(({ x }) => x)).toEqual([1.5, 4.5])
    expect(runCurve(rounds, 'transferred', 'accuracy').map(({ x }) => x)).toEqual([4.5, 13.5])
  })
})

describe('budgets', () => {
  it('reach an accuracy exactly when its cost fits', () => {
    const value = fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: null })
    fc.assert(
      fc.property(
        fc.array(value, { maxLength: 12 }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.integer({ min: 0, max: 13 }),
        (accuracies, target, budget) => {
          const { rounds } = run({ rounds: 20 }, accuracies)
          const reached = accuracyWithin(rounds, 'rounds', budget)
          const cost = costToReach(rounds, 'rounds', target)
          expect(reached !== null && reached >= target).toBe(cost !== null && cost <= budget)
        },
      ),
    )
  })

  it('begin with what every run spent and every arm reached', () => {
    expect(commonBudget(arms, 'megabytes')).toBe(4.5)
    expect(commonAccuracy(arms)).toBe(0.4)
  })

  it('give no mean of those seeds alone that got there', () => {
    const rows = toReachModel(arms, 'rounds', 0.8, language).rows
    expect(rows.map(({ mean, note }) => [mean, note])).toEqual([
      [null, 'reached by 2 of 3'],
      [null, 'reached by 1 of 2'],
      [1, 'reached by 1 of 1'],
      [null, 'reached by 0 of 1'],
    ])
    const within = withinModel(arms, 'megabytes', 1.5, language)
    expect(within.title).toBe('Accuracy reached within Uploaded (MB) ≤ 1.5')
    expect(within.rows[1].mean).toBeCloseTo(0.675, 12)
    expect(within.rows[1].dots).toEqual([
      { seed: 0, value: 0.5 },
      { seed: 1, value: 0.85 },
    ])
  })
})

describe('Pareto front', () => {
  it('is what no other beats', () => {
    const offer = fc.record({ x: fc.integer({ min: 0, max: 6 }), y: fc.integer({ min: 0, max: 6 }) })
    fc.assert(
      fc.property(fc.array(offer), (offers) => {
        const beaten = (a: { x: number; y: number }) =>
          offers.some((b) => b.x <= a.x && b.y >= a.y && (b.x < a.x || b.y > a.y))
        expect(new Set(paretoFront(offers))).toEqual(new Set(offers.filter((one) => !beaten(one))))
      }),
    )
  })
})

describe('differences', () => {
  it('are paired by seed and say how many seeds one point takes', () => {
    const model = differencesModel(arms, fixed, language)
    const row = model.rows[0]
    expect(row.label).toBe('Dynamic pruning')
    expect(row.dots.map(({ seed }) => seed)).toEqual([0, 1])
    expect(row.dots[0].value).toBeCloseTo(0.04, 12)
    expect(row.dots[1].value).toBeCloseTo(0.06, 12)
    expect(row.mean).toBeCloseTo(0.05, 12)
    expect(row.interval?.low).toBeCloseTo(meanInterval({ n: 2, mean: 0.05, deviation: Math.SQRT2 / 100 })?.low ?? 0, 10)
    // Deviation √2 points: (1.96 + 0.84)² · 2 = 15.7, with the t distribution 18 pairs.
    expect(row.note).toBe('2 pairs · 16 more seeds to see 1 point')
    expect(model.rows.map(({ note }) => note).slice(1)).toEqual([
      '1 pair · at least 2 pairs needed',
      '1 pair · at least 2 pairs needed',
    ])
    expect(differencesModel(arms, dynamic, language).rows[0].mean).toBeCloseTo(-0.05, 12)
  })
})

describe('parallel coordinates', () => {
  const model = parallelModel(fourArms, arms, language)

  it('have an axis for the method and every result', () => {
    expect(model.axes.map(({ id }) => id)).toEqual([
      'method',
      'megabytes',
      'flops',
      'seconds',
      'activeWeights',
      'finalAccuracy-global',
    ])
    expect(model.lines).toHaveLength(7)
  })

  it('keep the lines that go through every brush', () => {
    const inside = brushed(model, { method: [-0.25, 0.4], 'finalAccuracy-global': [0.79, 1] })
    expect(model.lines.filter((_, at) => inside[at]).map(({ id }) => id)).toEqual(['dynamic-1', 'dynamic-2'])
    const figure = parallelFigure(model, { method: [-0.25, 0.4] }, words, '–')
    expect(figure.table().rows.map(([name]) => name)).toEqual([
      'Dynamic pruning · Seed 0',
      'Dynamic pruning · Seed 1',
      'Dynamic pruning · Seed 2',
    ])
  })
})

const figures = {
  curves: lineFigure(
    curvesModel(arms, { axis: 'megabytes', metric: 'accuracy', band: 'interval' }, language),
    words,
    '–',
  ),
  within: intervalFigure(withinModel(arms, 'megabytes', 4.5, language), words, '–'),
  differences: intervalFigure(differencesModel(arms, fixed, language), words, '–'),
  pareto: scatterFigure(paretoModel(arms, 'activeWeights', language), words, '–'),
  parallel: parallelFigure(parallelModel(fourArms, arms, language), { method: [-0.25, 0.4] }, words, '–'),
  matrix: matrixFigure(
    {
      title: 'Overlap <of> masks & more',
      rowHeading: 'Row',
      columnHeading: 'Column',
      rows: ['a', 'b'],
      columns: ['1', '2', '3'],
      values: [
        [0, 0.5, null],
        [1, 0.25, 0.75],
      ],
      minimum: 0,
      maximum: 1,
      format: (value) => englishFormat.share(value),
    },
    words,
    '–',
  ),
}

describe('figures on paper', () => {
  for (const [name, figure] of Object.entries(figures)) {
    it(`${name} is drawn as before, with a legend`, async () => {
      await expect(figureSvg(figure)).toMatchFileSnapshot(`svg/${name}.svg`)
    })

    it(`${name} hands its numbers on`, () => {
      const { data, errors } = Papa.parse<string[]>(figureText(figure).trimEnd())
      expect(errors).toEqual([])
      expect(data.every((row) => row.length === data[0].length)).toBe(true)
      expect(data.length).toBeGreaterThan(1)
      expect(figure.table().rows.every((row) => row.length === figure.table().columns.length)).toBe(true)
      expect(figureText(figure, '\t').split('\n')[0].split('\t')).toEqual(data[0])
    })
  }

  it('name every series in the legend', () => {
    const svg = figureSvg(figures.curves)
    for (const { label } of arms) expect(svg).toContain(`>${label} (n = `)
  })

  it('have the colours of the light theme', () => {
    const css = readFileSync(new URL('../../../src-renderer/styles/tokens.css', import.meta.url), 'utf8')
    const [light] = css.split(":root[data-theme='dark']")
    for (const [token, colour] of Object.entries(paperColours))
      expect(light).toContain(`--${token}: ${String(colour)};`)
  })

  it('hold no text that could end an element', () => {
    expect(escapeXml('<script>"&\u0007')).toBe('&lt;script&gt;&quot;&amp;')
    expect(figureSvg(figures.matrix)).toContain('<title>Overlap &lt;of&gt; masks &amp; more</title>')
  })

  it('have names that every file system takes', () => {
    expect(figureFileName('Difference to Static pruning · R 0.3 / β: "x"')).toBe(
      'Difference-to-Static-pruning-R-0.3-β-x',
    )
    expect(figureFileName('..')).toBe('figure')
    expect(figureFileName('与“静态剪枝”之差')).toBe('与-静态剪枝-之差')
  })
})
