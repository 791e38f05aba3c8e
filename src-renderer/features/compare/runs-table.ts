import { measures } from '@contract/comparison'
import { experimentFieldNames, fieldShape, type Experiment, type ExperimentField } from '@contract/experiment'
import type { MatrixRun } from '@contract/matrix'
import type { RunAnnotation } from '@contract/records'
import type { Formatter } from '@contract/format'
import type { Messages } from '../../i18n/en'
import { optionWords } from '../../i18n/option-words'

/** A line of the table of runs: the run, its outcome so far, and what the user says of it. */
export interface RunRow extends MatrixRun {
  readonly annotation: RunAnnotation
}

const resultColumns = [...measures, 'finalLoss', 'roundsDone'] as const
const runColumns = ['state', 'tags', 'notes', 'createdAt'] as const
type ResultColumn = (typeof resultColumns)[number]
export type RunColumn = ExperimentField | ResultColumn | (typeof runColumns)[number]

/** All columns, in the order in which they are shown. */
export const columnGroups = {
  run: runColumns,
  fields: experimentFieldNames,
  results: resultColumns,
} as const satisfies Record<string, readonly RunColumn[]>
export const allColumns: readonly RunColumn[] = [
  'method',
  'seed',
  'state',
  ...otherFields(),
  ...resultColumns,
  'tags',
  'notes',
  'createdAt',
]

const automaticColumns: readonly RunColumn[] = [
  'state',
  'roundsDone',
  'finalAccuracy',
  'bestAccuracy',
  'uploadBytes',
  'trainingFlops',
  'secondsPerRound',
  'tags',
  'notes',
]

const noAnnotation: RunAnnotation = { tags: [], notes: '' }

function otherFields(): ExperimentField[] {
  return experimentFieldNames.filter((name) => name !== 'method' && name !== 'seed')
}

function isField(column: RunColumn): column is ExperimentField {
  return (experimentFieldNames as readonly string[]).includes(column)
}

function isResult(column: RunColumn): column is ResultColumn {
  return (resultColumns as readonly string[]).includes(column)
}

/** Whether a column is set flush right and summed up over a group. */
export function isNumeric(column: RunColumn): boolean {
  return isResult(column) || (isField(column) && fieldShape(column).kind === 'number')
}

/** The rows of a session. */
export function runRows(
  outcomes: readonly MatrixRun[],
  annotations: Readonly<Partial<Record<string, RunAnnotation>>>,
): RunRow[] {
  return outcomes.map((outcome) => ({ ...outcome, annotation: annotations[outcome.manifest.id] ?? noAnnotation }))
}

/** Fields in which any two of these experiments differ, method and seed included. */
export function differingFields(experiments: readonly Experiment[]): ReadonlySet<ExperimentField> {
  return new Set(
    experimentFieldNames.filter((name) => experiments.some((experiment) => experiment[name] !== experiments[0][name])),
  )
}

/**
 * The columns to show: those chosen, or without a choice all fields and the usual results. The method always leads; with
 * `onlyDiffering`, fields in which all runs agree are left out.
 */
export function shownColumns(
  chosen: readonly string[] | null,
  onlyDiffering: boolean,
  differing: ReadonlySet<ExperimentField>,
): RunColumn[] {
  const wanted = (column: RunColumn) =>
    chosen === null ? isField(column) || automaticColumns.includes(column) : chosen.includes(column)
  return allColumns.filter(
    (column) =>
      column === 'method' || (wanted(column) && (!onlyDiffering || !isField(column) || differing.has(column))),
  )
}

/** The value by which a column sorts, groups and filters; undefined where there is none yet. */
export function columnValue(row: RunRow, column: RunColumn): string | number | undefined {
  const { manifest, result, annotation } = row
  if (isField(column)) return manifest.experiment[column] ?? undefined
  if (column === 'roundsDone') return result?.roundsDone ?? manifest.roundsDone
  if (isResult(column)) return result === null || Number.isNaN(result[column]) ? undefined : result[column]
  if (column === 'state') return manifest.state
  if (column === 'createdAt') return manifest.createdAt
  const text = column === 'tags' ? annotation.tags.join(', ') : annotation.notes
  return text === '' ? undefined : text
}

/** Experiments that share this text differ in the seed alone. */
export function settingOf({ manifest }: RunRow): string {
  return JSON.stringify({ ...manifest.experiment, seed: null })
}

/** What a column is called. */
export function columnLabel(column: RunColumn, words: Messages): string {
  if (isField(column)) return words.fields[column].label
  const { compare, comparison } = words
  const labels: Readonly<Record<ResultColumn | (typeof runColumns)[number], string>> = {
    finalAccuracy: compare.finalAccuracy,
    bestAccuracy: compare.bestAccuracy,
    realisedSparsity: compare.sparsity,
    activeWeights: compare.active,
    parameters: compare.parameters,
    uploadBytes: compare.upload,
    downloadBytes: comparison.download,
    trainingFlops: compare.flops,
    secondsPerRound: compare.seconds,
    finalLoss: comparison.loss,
    roundsDone: comparison.rounds,
    state: comparison.state,
    tags: comparison.tags,
    notes: comparison.notes,
    createdAt: comparison.created,
  }
  return labels[column]
}

/** A value of a column in words, with its unit. */
export function valueText(
  column: RunColumn,
  value: string | number | null | undefined,
  words: Messages,
  format: Formatter,
): string {
  if (isField(column)) {
    if (value === null || value === undefined) return words.setup.automatic
    return typeof value === 'number' ? format.number(value) : optionWords(words, column, value)
  }
  if (value === undefined || value === null) return ''
  if (typeof value === 'string') {
    if (column === 'state') return words.runs.states[value as keyof Messages['runs']['states']]
    return column === 'createdAt' ? format.date(value) : value
  }
  switch (column) {
    case 'finalAccuracy':
    case 'bestAccuracy':
    case 'realisedSparsity':
      return format.percent(value)
    case 'uploadBytes':
    case 'downloadBytes':
      return format.bytes(value)
    case 'trainingFlops':
      return format.flops(value)
    case 'secondsPerRound':
      return `${format.number(value, 2)} s`
    case 'finalLoss':
      return format.number(value, 3)
    default:
      return format.count(value)
  }
}

export const filterOperators = ['is', 'not', 'atLeast', 'atMost'] as const
export interface RunFilter {
  readonly column: RunColumn
  readonly operator: (typeof filterOperators)[number]
  /** As typed or chosen: a value, or what the table shows for it. */
  readonly text: string
}

/** Numbers are filtered, not searched: a digit is in nearly every row. */
const searchedColumns = allColumns.filter((column) => !isNumeric(column) && column !== 'createdAt')

/**
 * Rows that hold every word of the query in what they say in words (method, choices, state, tags, notes), and pass every
 * filter. `show` gives what the table shows.
 */
export function findRuns(
  rows: readonly RunRow[],
  query: string,
  filters: readonly RunFilter[],
  show: (row: RunRow, column: RunColumn) => string,
): readonly RunRow[] {
  const wanted = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (wanted.length === 0 && filters.length === 0) return rows
  return rows.filter((row) => {
    if (!filters.every((filter) => passes(row, filter, show))) return false
    if (wanted.length === 0) return true
    const text = searchedColumns
      .map((column) => `${columnValue(row, column) ?? ''} ${show(row, column)}`)
      .join(' ')
      .toLowerCase()
    return wanted.every((word) => text.includes(word))
  })
}

function passes(
  row: RunRow,
  { column, operator, text }: RunFilter,
  show: (row: RunRow, column: RunColumn) => string,
): boolean {
  const value = columnValue(row, column)
  if (operator === 'atLeast' || operator === 'atMost') {
    const limit = limitOf(column, text)
    if (typeof value !== 'number' || Number.isNaN(limit)) return false
    return operator === 'atLeast' ? value >= limit : value <= limit
  }
  const wanted = text.trim().toLowerCase()
  const isIt =
    column === 'tags'
      ? row.annotation.tags.some((tag) => tag.toLowerCase() === wanted)
      : String(value ?? '').toLowerCase() === wanted || show(row, column).toLowerCase() === wanted
  return operator === 'is' ? isIt : !isIt
}

/** Accuracies are typed as they are shown: "95" and "95 %" are 0.95, as is "0.95". */
function limitOf(column: RunColumn, text: string): number {
  const number = Number(text.replace('%', '').replace(',', '.').trim() || Number.NaN)
  const isShare = column === 'finalAccuracy' || column === 'bestAccuracy' || column === 'realisedSparsity'
  return isShare && (text.includes('%') || number > 1) ? number / 100 : number
}
