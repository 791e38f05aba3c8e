import { runResult } from '../../src-main/contract/comparison'
import { matrixQuestionSchema, resultMatrix } from '../../src-main/contract/matrix'
import { createFormatter } from '../../src-main/contract/format'
import { en } from '../../src-renderer/i18n/en'
import {
  columnValue,
  differingFields,
  findRuns,
  runRows,
  valueText,
  type RunColumn,
  type RunRow,
} from '../../src-renderer/features/compare/runs-table'
import { finishedRun } from '../contract/finished-run'

const sizes = [500, 5000]
const repetitions = 9

/** Prints what the comparison page reckons anew when a run of a large session changes, or a letter is typed. */
export function measure(): void {
  const format = createFormatter('en', en)
  const show = (row: RunRow, column: RunColumn) => valueText(column, columnValue(row, column), en, format)
  const question = matrixQuestionSchema.parse({
    rows: 'distribution',
    columns: 'readjustmentRatio',
    method: 'dynamic',
    measure: 'finalAccuracy',
  })
  console.log(`medians of ${repetitions}`)
  for (const size of sizes) {
    const outcomes = Array.from({ length: size }, (_, index) => {
      const run = finishedRun(
        {
          rounds: 2,
          method: index % 6 === 0 ? 'static' : 'dynamic',
          partition: index % 3 === 0 ? 'iid' : 'dirichlet',
          dirichletConcentration: index % 3 === 1 ? 0.5 : 0.1,
          readjustmentRatio: (1 + (index % 9)) / 10,
          seed: Math.floor(index / 54),
        },
        [0.5, 0.9],
      )
      return { manifest: { ...run.manifest, id: `run-${index}` }, result: runResult(run) }
    })
    const rows = runRows(outcomes, {})
    const search = median(() => findRuns(rows, 'dirichlet static', [], show))
    const filter = median(() =>
      findRuns(rows, '', [{ column: 'readjustmentRatio', operator: 'atLeast', text: '0.5' }], show),
    )
    const fields = median(() => differingFields(outcomes.map(({ manifest }) => manifest.experiment)))
    const matrix = median(() => resultMatrix(outcomes, question))
    console.log(
      `${size} runs: search ${search.toFixed(1)} ms, filter ${filter.toFixed(1)} ms, differing fields ${fields.toFixed(1)} ms, matrix ${matrix.toFixed(1)} ms`,
    )
  }
}

function median(work: () => unknown): number {
  const times = Array.from({ length: repetitions }, () => {
    const before = process.cpuUsage()
    work()
    const { user, system } = process.cpuUsage(before)
    return (user + system) / 1000
  })
  return times.sort((a, b) => a - b)[Math.floor(repetitions / 2)]
}
