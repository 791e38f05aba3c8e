import { describe, expect, it } from 'vitest'
import type { ComparedRun } from '../../src-main/contract/comparison'
import { checkExperiment, type Experiment } from '../../src-main/contract/experiment'
import {
  reproducedAccuracy,
  reproductionNames,
  reproductions,
  type Reproduction,
} from '../../src-main/contract/reproductions'
import { experimentsOf, isSameExperiment, staticReferences, sweepCells } from '../../src-main/contract/sweep'
import { experimentOfCell, reproducedCells, reproductionTable } from '../../src-main/report/reproduction-table'
import { finishedRun } from '../contract/finished-run'

describe('published grids', () => {
  it.each(reproductionNames)('%s: every cell is a valid experiment that its template also runs', (name) => {
    const reproduction: Reproduction = reproductions[name]
    const { experiment, axes, withStatic, cells } = reproduction
    const seeds = [0, 1]
    const planned = experimentsOf([
      ...sweepCells(experiment, axes, seeds),
      ...(withStatic ? staticReferences(experiment, axes, seeds) : []),
    ])
    for (const cell of cells) {
      const wanted = experimentOfCell(reproduction, cell, {}, 1)
      expect(checkExperiment(wanted)).toEqual({ ok: true, experiment: wanted })
      expect(planned.filter((one) => isSameExperiment(one, wanted))).toHaveLength(1)
      if (cell.reference !== null)
        expect(cells.filter(({ row, column }) => row === cell.row && column === cell.reference)).toHaveLength(1)
    }
  })

  it('have the sizes of the published tables', () => {
    expect(reproductionNames.map((name) => reproductions[name].cells.length)).toEqual([21, 21, 6, 8])
    expect(reproductions['seed-ratio'].cells.map(({ published }) => published.length)).toEqual(
      Array.from({ length: 3 }, () => [1, 2, 2, 2, 2, 2, 2]).flat(),
    )
  })
})

describe('reproduced accuracy', () => {
  it('is the mean of the last ten evaluated rounds', () => {
    const run = finishedRun({ rounds: 13 }, [0.9, 0.9, 0.9, ...Array.from({ length: 9 }, () => 0.5), 0.6])
    expect(reproducedAccuracy('late-rounds', run, null)).toBeCloseTo(0.51)
    expect(reproducedAccuracy('late-rounds', finishedRun({}, [null, 0.25, null]), null)).toBe(0.25)
    expect(reproducedAccuracy('late-rounds', finishedRun({}, [null]), null)).toBeNull()
  })

  it('is the best local one of the rounds that end under the cap', () => {
    const { manifest, rounds } = finishedRun({}, [0, 0, 0])
    const run = {
      manifest,
      rounds: [0.3, 0.6, 0.9].map((accuracy, at) => ({ ...rounds[at], clientAccuracies: [accuracy, null] })),
    }
    // Every round sends 1 000 bytes.
    expect([999, 1000, 2999, 3000].map((cap) => reproducedAccuracy('best-under-cap', run, cap))).toEqual([
      null,
      0.3,
      0.6,
      0.9,
    ])
  })
})

describe('table of a reproduction', () => {
  const reproduction = reproductions['thesis-ablation']
  const run = (row: string, column: string, seed: number, accuracy: number): ComparedRun => {
    const cell = reproduction.cells.find((one) => one.row === row && one.column === column)
    if (cell === undefined) throw new Error(`${row}, ${column}`)
    const experiment: Experiment = experimentOfCell(reproduction, cell, { rounds: 1 }, seed)
    return finishedRun(experiment, [accuracy])
  }
  const runs = [
    run('weighted by data', 'static', 0, 0.5),
    run('weighted by data', 'static', 1, 0.6),
    run('weighted by data', 'dynamic', 0, 0.52),
    run('weighted by data', 'dynamic', 1, 0.64),
    run('weighted by contribution', 'dynamic', 0, 0.7),
  ]

  it('pairs ours by seed and takes only runs of the same shortening', () => {
    const cells = reproducedCells(reproduction, { rounds: 1 }, runs)
    const dynamic = cells.find(({ row, column }) => row === 'weighted by data' && column === 'dynamic')
    expect(dynamic?.published).toEqual({ n: 1, mean: 0.60581, deviation: null })
    expect(dynamic?.publishedDifference).toBeCloseTo(0.04174, 10)
    expect(dynamic?.ours?.mean).toBeCloseTo(0.58)
    expect(dynamic?.ourDifference?.mean).toBeCloseTo(0.03)
    expect(dynamic?.ourDifference?.deviation).toBeCloseTo(0.01 * Math.SQRT2)
    expect(reproducedCells(reproduction, { rounds: 2 }, runs).every(({ ours }) => ours === null)).toBe(true)
  })

  it('says what was shortened and leaves cells without runs open', () => {
    const text = reproductionTable(reproduction, { rounds: 1 }, runs)
    expect(text).toContain('NOT the published protocol: rounds = 1.')
    expect(text).toContain('| weighted by data | dynamic | 60.58 (1) | 58.00 ± 8.49 (2) | +4.17 | +3.00 ± 1.41 (2) |')
    expect(text).toContain('| weighted by contribution | small dense | 58.93 (1) | – | +1.25 | – |')
    expect(text).toContain('differences are to static of the same row')
    expect(reproductionTable(reproduction, {}, [])).toContain('; the published protocol.')
  })
})
