import Papa from 'papaparse'
import type { Measure } from '../contract/comparison'
import { defaultExperiment, fieldMetadata, type ExperimentField } from '../contract/experiment'
import {
  resultMatrix,
  type FieldValues,
  type MatrixCell,
  type MatrixQuestion,
  type MatrixRun,
  type ResultMatrix,
} from '../contract/matrix'
import { methods, type MethodName } from '../contract/methods'
import { meanInterval, verdict, type Spread } from '../contract/statistics'
import { bytesText, countText, flopsText, percentText, secondsText } from './numbers'
import { latexText, type TableFormat } from './table-format'

const symbols: Partial<Record<ExperimentField, string>> = {
  readjustmentRatio: 'R',
  readjustmentInterval: 'ΔT',
  sparsity: 'S',
  dirichletConcentration: 'β',
}

/** Named in the caption even with their default values. */
const named: readonly ExperimentField[] = ['dataset', 'model', 'totalClients', 'clientsPerRound', 'rounds', 'sparsity']

const measureTitles: Readonly<Record<Measure, string>> = {
  finalAccuracy: 'Final accuracy (%)',
  bestAccuracy: 'Best accuracy (%)',
  realisedSparsity: 'Sparsity (%)',
  activeWeights: 'Active weights',
  parameters: 'Parameters',
  uploadBytes: 'Upload',
  downloadBytes: 'Download',
  trainingFlops: 'Training FLOPs (theoretical)',
  secondsPerRound: 'Seconds per round',
}

const marks = { higher: '▲', lower: '▼', undecided: '' } as const

/**
 * The result matrix as text: Markdown and LaTeX (booktabs) as it is read, mean ± standard deviation (n) with the best of each
 * row in bold and ▲▼ where the 95 % interval of paired differences to the static mask is clear of zero; CSV tidy, a row for
 * each cell.
 */
export function matrixTable(runs: readonly MatrixRun[], question: MatrixQuestion, format: TableFormat): string {
  const matrix = resultMatrix(runs, question)
  if (format === 'csv') return matrix === null ? '' : csvMatrix(matrix)
  if (matrix === null) return format === 'md' ? 'No run answers this question.\n' : '% No run answers this question.\n'
  return format === 'md' ? markdownMatrix(matrix) : latexMatrix(matrix)
}

function valueText(field: ExperimentField, value: string | number | null | undefined): string {
  if (field === 'method') return methods[value as MethodName].title
  if (field === 'partition') return value === 'dirichlet' ? 'Dirichlet' : String(value)
  return `${symbols[field] ?? fieldMetadata(field).flag} = ${value ?? 'auto'}`
}

/** "R = 0.3", "iid", "Dirichlet, β = 0.5". */
function pointText(point: FieldValues): string {
  return (Object.keys(point) as ExperimentField[]).map((field) => valueText(field, point[field])).join(', ')
}

function caption({ setting, fixedFields, question, seeds }: ResultMatrix): string {
  const own = question.rows === 'method' || question.columns === 'method' ? [] : [methods[question.method].title]
  const standard = defaultExperiment()
  const fixed = fixedFields
    .filter((field) => named.includes(field) || setting[field] !== standard[field])
    .map((field) => valueText(field, setting[field]))
  return `${measureTitles[question.measure]}; ${[...own, ...fixed].join(', ')}; seeds ${seeds.join(', ')}`
}

function spreadText(value: Spread, measure: Measure): string {
  switch (measure) {
    case 'finalAccuracy':
    case 'bestAccuracy':
    case 'realisedSparsity':
      return percentText(value)
    case 'activeWeights':
    case 'parameters':
      return countText(value.mean)
    case 'uploadBytes':
    case 'downloadBytes':
      return bytesText(value.mean)
    case 'trainingFlops':
      return flopsText(value.mean)
    case 'secondsPerRound':
      return secondsText(value.mean)
  }
}

function cellText(cell: MatrixCell, measure: Measure, bold: (text: string) => string): string {
  if (cell.spread === null) return '–'
  const text = spreadText(cell.spread, measure)
  const mark = cell.difference === null ? '' : marks[verdict(cell.difference)]
  return `${cell.best ? bold(text) : text} (${cell.spread.n})${mark === '' ? '' : ` ${mark}`}`
}

const legend = '▲/▼: above/below static pruning, 95 % interval of paired differences clear of zero'

function markdownMatrix(matrix: ResultMatrix): string {
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  return [
    `${caption(matrix)}. ${legend}.`,
    '',
    row(['', ...matrix.columns.map(pointText)]),
    row(['---', ...matrix.columns.map(() => '---:')]),
    ...matrix.cells.map((cells, at) =>
      row([
        pointText(matrix.rows[at]),
        ...cells.map((cell) => cellText(cell, matrix.question.measure, (text) => `**${text}**`)),
      ]),
    ),
    '',
  ].join('\n')
}

function latexMatrix(matrix: ResultMatrix): string {
  const row = (texts: readonly string[]) => `    ${texts.join(' & ')} \\\\`
  return [
    '% needs \\usepackage{booktabs}',
    '\\begin{table}',
    '  \\centering',
    `  \\caption{${latexText(`${caption(matrix)}; mean ± standard deviation (n). ${legend}`)}.}`,
    `  \\begin{tabular}{l${'r'.repeat(matrix.columns.length)}}`,
    '    \\toprule',
    row(['', ...matrix.columns.map((point) => latexText(pointText(point)))]),
    '    \\midrule',
    ...matrix.cells.map((cells, at) =>
      row([
        latexText(pointText(matrix.rows[at])),
        ...cells.map((cell) => latexText(cellText(cell, matrix.question.measure, (text) => `\\textbf{${text}}`))),
      ]),
    ),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
    '',
  ].join('\n')
}

/** One row for each cell; numbers in full. */
function csvMatrix({ rows, columns, cells, question }: ResultMatrix): string {
  const lines = cells.flatMap((line, at) =>
    line.map(({ spread, difference, best, results }, to) => {
      const interval = difference === null ? null : meanInterval(difference)
      return {
        row: pointText(rows[at]),
        column: pointText(columns[to]),
        measure: question.measure,
        n: results.length,
        mean: spread?.mean,
        standardDeviation: spread?.deviation,
        best,
        pairs: difference?.n ?? 0,
        meanDifferenceToStatic: difference?.mean,
        low95: interval?.low,
        high95: interval?.high,
        verdict: difference === null ? '' : verdict(difference),
      }
    }),
  )
  return Papa.unparse(lines, { newline: '\n' }) + '\n'
}
