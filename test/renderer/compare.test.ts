import { describe, expect, it } from 'vitest'
import { runResult } from '../../src-main/contract/comparison'
import type { ExperimentInput } from '../../src-main/contract/experiment'
import { createFormatter } from '../../src-main/contract/format'
import { firstAxes, pointLabel, typedPoints } from '../../src-renderer/features/compare/matrix-view'
import {
  columnValue,
  differingFields,
  findRuns,
  runRows,
  settingOf,
  shownColumns,
  valueText,
  type RunColumn,
  type RunFilter,
  type RunRow,
} from '../../src-renderer/features/compare/runs-table'
import { en } from '../../src-renderer/i18n/en'
import { zhCN } from '../../src-renderer/i18n/zh-CN'
import { finishedRun } from '../contract/finished-run'

const format = createFormatter('en', en)
const outcome = (input: ExperimentInput, accuracy: number) => {
  const run = finishedRun(input, [accuracy])
  return { manifest: run.manifest, result: runResult(run) }
}
const outcomes = [
  outcome({ method: 'dynamic', seed: 0 }, 0.95),
  outcome({ method: 'static', seed: 0 }, 0.91),
  outcome({ method: 'dynamic', seed: 1, sparsity: 0.5 }, 0.97),
]
const rows = runRows(outcomes, { 'static-0': { tags: ['Outlier', 'paper'], notes: '第三轮异常' } })
const show = (row: RunRow, column: RunColumn) => valueText(column, columnValue(row, column), en, format)
const found = (query: string, ...filters: RunFilter[]) =>
  findRuns(rows, query, filters, show).map(({ manifest }) => manifest.id)

describe('finding runs', () => {
  it('wants every word, in the method, the choices, tags or notes', () => {
    expect(found('')).toHaveLength(3)
    expect(found('STATIC pruning')).toEqual(['static-0'])
    expect(found('异常 outlier')).toEqual(['static-0'])
    expect(found('dynamic outlier')).toEqual([])
  })

  it('filters by what is shown and by what is stored, by one tag of several, and by limits', () => {
    expect(found('', { column: 'method', operator: 'is', text: 'dynamic pruning' })).toHaveLength(2)
    expect(found('', { column: 'sparsity', operator: 'not', text: '0.9' })).toEqual(['dynamic-1'])
    expect(found('', { column: 'tags', operator: 'is', text: 'paper' })).toEqual(['static-0'])
    expect(found('', { column: 'tags', operator: 'not', text: 'paper' })).toEqual(['dynamic-0', 'dynamic-1'])
    for (const text of ['95', '95 %', '0.95', '0,95'])
      expect(found('', { column: 'finalAccuracy', operator: 'atLeast', text }), text).toEqual([
        'dynamic-0',
        'dynamic-1',
      ])
    expect(found('', { column: 'seed', operator: 'atMost', text: 'x' })).toEqual([])
    expect(found('paper', { column: 'sparsity', operator: 'atMost', text: '0.5' })).toEqual([])
  })
})

describe('columns', () => {
  const differing = differingFields(outcomes.map(({ manifest }) => manifest.experiment))

  it('are by themselves the fields that differ and the usual results, led by the method', () => {
    expect([...differing]).toEqual(['method', 'sparsity', 'seed'])
    const columns = shownColumns(null, true, differing)
    expect(columns.slice(0, 4)).toEqual(['method', 'seed', 'state', 'sparsity'])
    expect(columns).toContain('finalAccuracy')
    expect(columns).not.toContain('rounds')
    expect(shownColumns(null, false, differing)).toContain('rounds')
  })

  it('are those chosen where there is a choice; a name from elsewhere is passed over', () => {
    expect(shownColumns(['finalLoss', 'rounds', 'gone'], false, differing)).toEqual(['method', 'rounds', 'finalLoss'])
    expect(shownColumns(['finalLoss', 'rounds'], true, differing)).toEqual(['method', 'finalLoss'])
  })

  it('group by everything except the seed', () => {
    const [one, other] = runRows([outcome({ seed: 3 }, 0.5), outcome({ seed: 4 }, 0.6)], {})
    expect(settingOf(one)).toBe(settingOf(other))
    expect(settingOf(rows[0])).not.toBe(settingOf(rows[2]))
  })
})

describe('the axes of the matrix', () => {
  it('take a distribution as iid or β, and values of a field', () => {
    expect(typedPoints('distribution', 'iid, 0.5 β=0.1 nonsense')).toEqual({
      points: [
        { partition: 'iid' },
        { partition: 'dirichlet', dirichletConcentration: 0.5 },
        { partition: 'dirichlet', dirichletConcentration: 0.1 },
      ],
      wrong: ['nonsense'],
    })
    expect(typedPoints('readjustmentInterval', '1，4, 0.5, ')).toEqual({
      points: [{ readjustmentInterval: 1 }, { readjustmentInterval: 4 }],
      wrong: ['0.5'],
    })
    expect(typedPoints('rateDecayEnd', 'auto').points).toEqual([{ rateDecayEnd: null }])
  })

  it('are called by their symbols, in both languages', () => {
    expect(pointLabel({ readjustmentRatio: 0.3 }, en, format)).toBe('R = 0.3')
    expect(pointLabel({ partition: 'dirichlet', dirichletConcentration: 0.5 }, en, format)).toBe('β = 0.5')
    expect(pointLabel({ method: 'static' }, en, format)).toBe('Static pruning')
    expect(pointLabel({ method: 'static' }, zhCN, format)).toBe('静态剪枝')
  })

  it("begin with the seed note's: R or ΔT where it varies, else the arms", () => {
    expect(firstAxes(outcomes)).toEqual({ columns: 'method', method: 'dynamic' })
    const vary = (input: ExperimentInput) => firstAxes([...outcomes, outcome({ method: 'dynamic', ...input }, 0.5)])
    expect(vary({ readjustmentRatio: 0.7 }).columns).toBe('readjustmentRatio')
    expect(vary({ readjustmentInterval: 7 }).columns).toBe('readjustmentInterval')
    expect(firstAxes([outcome({ method: 'static' }, 0.5)]).method).toBe('static')
  })
})
