import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { runResult } from '../../src-main/contract/comparison'
import type { ExperimentInput } from '../../src-main/contract/experiment'
import { matrixQuestionSchema } from '../../src-main/contract/matrix'
import { matrixTable } from '../../src-main/report/matrix-table'
import { finishedRun } from '../contract/finished-run'

const question = matrixQuestionSchema.parse({
  rows: 'distribution',
  columns: 'readjustmentInterval',
  method: 'dynamic',
  measure: 'finalAccuracy',
})
const cell = (input: ExperimentInput, accuracy: number) => {
  const compared = finishedRun({ rounds: 2, method: 'dynamic', ...input }, [0.1, accuracy])
  return { manifest: compared.manifest, result: runResult(compared) }
}
const runs = [0, 1].flatMap((seed) => [
  cell({ seed, method: 'static' }, 0.9 + seed / 100),
  cell({ seed, readjustmentInterval: 1 }, 0.95 + seed / 100),
  cell({ seed, partition: 'dirichlet', readjustmentInterval: 5 }, 0.8),
])

describe('the matrix as text', () => {
  it('is a Markdown table with the best in bold, the sign of the difference and holes', () => {
    const lines = matrixTable(runs, question, 'md').split('\n')
    expect(lines[0]).toMatch(/^Final accuracy \(%\); Dynamic pruning, .*rounds = 2.*; seeds 0, 1\. ▲\/▼/)
    expect(lines.slice(2, 6)).toEqual([
      '|  | Static pruning | ΔT = 1 | ΔT = 5 |',
      '| --- | ---: | ---: | ---: |',
      '| iid | 90.50 ± 0.71 (2) | **95.50 ± 0.71** (2) ▲ | – |',
      '| Dirichlet, β = 0.5 | – | – | 80.00 ± 0.00 (2) |',
    ])
  })

  it('is a booktabs table in LaTeX', () => {
    const text = matrixTable(runs, question, 'latex')
    expect(text).toContain(
      '    iid & 90.50 $\\pm$ 0.71 (2) & \\textbf{95.50 $\\pm$ 0.71} (2) $\\blacktriangle$ & -- \\\\',
    )
    expect(text).toContain('     & Static pruning & $\\Delta$T = 1 & $\\Delta$T = 5 \\\\')
    expect(text).toContain('\\begin{tabular}{lrrr}')
    expect(text).not.toMatch(/[±▲▼–]/)
  })

  it('is tidy in CSV, with numbers in full', () => {
    const { data } = Papa.parse<Record<string, string>>(matrixTable(runs, question, 'csv').trim(), { header: true })
    expect(data).toHaveLength(6)
    expect(data[1]).toMatchObject({ row: 'iid', column: 'ΔT = 1', n: '2', best: 'true', pairs: '2', verdict: 'higher' })
    expect(Number(data[1]['meanDifferenceToStatic'])).toBeCloseTo(0.05, 12)
    expect(data[2]).toMatchObject({ n: '0', mean: '', verdict: '' })
  })

  it('says so when nothing answers', () => {
    expect(matrixTable([], question, 'md')).toBe('No run answers this question.\n')
  })
})
