import { describe, expect, it } from 'vitest'
import { runResult, type ComparedRun } from '../../src-main/contract/comparison'
import { matrixQuestionSchema, resultMatrix, type MatrixRun } from '../../src-main/contract/matrix'
import type { ExperimentInput } from '../../src-main/contract/experiment'
import { finishedRun } from './finished-run'

const iid = { partition: 'iid' } as const
const skewed = (dirichletConcentration: number) => ({ partition: 'dirichlet', dirichletConcentration }) as const
const question = matrixQuestionSchema.parse({
  rows: 'distribution',
  columns: 'readjustmentRatio',
  method: 'dynamic',
  measure: 'finalAccuracy',
})

function run(input: ExperimentInput, accuracy: number): MatrixRun {
  return asMatrixRun(finishedRun({ method: 'dynamic', rounds: 2, ...input }, [0.1, accuracy]))
}

function asMatrixRun(compared: ComparedRun): MatrixRun {
  return { manifest: compared.manifest, result: runResult(compared) }
}

/** Two ratios and the static mask in three distributions; β = 0.1 has only one ratio, as in the seed note. */
const runs = [0, 1, 2].flatMap((seed) => [
  run({ ...skewed(0.1), seed, readjustmentRatio: 0.1 }, 0.4),
  run({ ...iid, seed, readjustmentRatio: 0.1 }, 0.9 + seed / 100),
  run({ ...iid, seed, readjustmentRatio: 0.5 }, 0.93 + seed / 100),
  run({ ...iid, seed, method: 'static', readjustmentRatio: 0.999 }, 0.9 + seed / 101),
  run({ ...skewed(0.5), seed, readjustmentRatio: 0.1 }, 0.8),
  run({ ...skewed(0.5), seed, readjustmentRatio: 0.5 }, 0.7),
])

describe('the result matrix', () => {
  const matrix = resultMatrix(runs, question)

  it('has a row for each distribution, iid first, and a column for the static mask and each value', () => {
    expect(matrix?.rows).toEqual([iid, skewed(0.5), skewed(0.1)])
    expect(matrix?.columns).toEqual([{ method: 'static' }, { readjustmentRatio: 0.1 }, { readjustmentRatio: 0.5 }])
    expect(matrix?.seeds).toEqual([0, 1, 2])
  })

  it('sums a cell up over seeds and pairs it with the static mask of its row, whatever R that says', () => {
    const [reference, small, large] = matrix?.cells[0] ?? []
    expect(large.spread?.n).toBe(3)
    expect(large.spread?.mean).toBeCloseTo(0.94, 12)
    expect(large.spread?.deviation).toBeCloseTo(0.01, 12)
    expect(large.difference?.n).toBe(3)
    expect(large.difference?.mean).toBeCloseTo(0.03 + 0.01 - 1 / 101, 12)
    expect(reference.results).toHaveLength(3)
    expect(reference.difference).toBeNull()
    expect([reference, small, large].map(({ best }) => best)).toEqual([false, false, true])
    expect(matrix?.cells[1].map(({ best }) => best)).toEqual([false, true, false])
    expect(matrix?.cells[1].map(({ difference }) => difference)).toEqual([null, null, null])
  })

  it('offers an empty cell as an experiment with the seeds of the others', () => {
    const hole = matrix?.cells[2][2]
    expect(hole?.spread).toBeNull()
    expect(hole?.missingSeeds).toEqual([0, 1, 2])
    expect(hole?.experiment).toMatchObject({ ...skewed(0.1), readjustmentRatio: 0.5, method: 'dynamic', rounds: 2 })
    expect(matrix?.cells[2][0].experiment).toMatchObject({ ...skewed(0.1), method: 'static' })
    // One row alone has nothing to be best among.
    expect(matrix?.cells[2].some(({ best }) => best)).toBe(false)
  })

  it('counts runs under way apart: they are neither in the mean nor missing', () => {
    const queued = run({ ...skewed(0.1), seed: 0, readjustmentRatio: 0.5 }, 0.99)
    const failed = run({ ...skewed(0.1), seed: 1, readjustmentRatio: 0.5 }, 0.99)
    const cell = resultMatrix(
      [
        ...runs,
        { manifest: { ...queued.manifest, state: 'queued' }, result: null },
        { manifest: { ...failed.manifest, state: 'failed' }, result: null },
      ],
      question,
    )?.cells[2][2]
    expect(cell).toMatchObject({ spread: null, pending: 1, stopped: 1, missingSeeds: [1, 2] })
  })

  it('keeps to one setting: the commonest, or that which is asked for', () => {
    const other = run({ ...iid, seed: 7, readjustmentRatio: 0.1, sparsity: 0.5 }, 0.99)
    const both = [...runs, other]
    const common = resultMatrix(both, question)
    expect(common?.setting.sparsity).toBe(0.9)
    expect(common?.cells[0][1].spread?.n).toBe(3)
    expect(common?.choices).toEqual([{ field: 'sparsity', values: [0.5, 0.9] }])
    expect(common?.fixedFields).toContain('sparsity')
    expect(common?.fixedFields).not.toContain('dirichletConcentration')
    const asked = resultMatrix(both, { ...question, fixed: { sparsity: 0.5 } })
    expect(asked?.rows).toEqual([iid])
    expect(asked?.cells[0][1].spread).toMatchObject({ n: 1, mean: 0.99 })
  })

  it('shows rows and columns that no run has yet, and says why one cannot be run', () => {
    const wider = resultMatrix(runs, {
      ...question,
      moreRows: [skewed(100), iid],
      moreColumns: [{ readjustmentRatio: 0.3 }, { readjustmentRatio: 7 }],
    })
    expect(wider?.rows).toEqual([iid, skewed(100), skewed(0.5), skewed(0.1)])
    expect(wider?.columns.map(({ readjustmentRatio }) => readjustmentRatio)).toEqual([undefined, 0.1, 0.3, 0.5, 7])
    const impossible = wider?.cells[0][4]
    expect(impossible?.experiment).toBeNull()
    expect(impossible?.problems).toMatchObject([{ field: 'readjustmentRatio', value: 7 }])
  })

  it('puts the static mask at the end of whichever axis has no say over it', () => {
    const turned = resultMatrix(runs, { ...question, rows: 'readjustmentRatio', columns: 'distribution' })
    expect(turned?.rows[0]).toEqual({ method: 'static' })
    expect(turned?.columns).toHaveLength(3)
    const withoutReference = resultMatrix(runs, { ...question, columns: 'sparsity' })
    expect(withoutReference?.columns).toEqual([{ sparsity: 0.9 }])
  })

  it('compares methods when one axis is the method', () => {
    const arms = resultMatrix(runs, { ...question, columns: 'method', fixed: { readjustmentRatio: 0.5 } })
    expect(arms?.columns).toEqual([{ method: 'dynamic' }, { method: 'static' }])
    expect(arms?.cells[0][0].spread?.mean).toBeCloseTo(0.94, 12)
    expect(arms?.cells[0][0].difference?.n).toBe(3)
    expect(arms?.cells[0][0].best).toBe(true)
  })

  it('does not exist without a run of the method', () => {
    expect(resultMatrix(runs, { ...question, method: 'none' })).toBeNull()
    expect(resultMatrix([], question)).toBeNull()
  })

  it('marks the cheapest as best where less is better', () => {
    const costs = resultMatrix(runs, { ...question, measure: 'uploadBytes' })
    expect(costs?.cells[0].some(({ best }) => best)).toBe(false)
    const seconds = runs.map((one, at) => ({
      ...one,
      result: one.result === null ? null : { ...one.result, secondsPerRound: at },
    }))
    const times = resultMatrix(seconds, { ...question, measure: 'secondsPerRound' })
    expect(times?.cells[1].map(({ best }) => best)).toEqual([false, true, false])
  })
})
