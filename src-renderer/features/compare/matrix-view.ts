import { valueFromText } from '@contract/command-line'
import type { Measure } from '@contract/comparison'
import { experimentFieldNames, fieldSchema, type ExperimentField } from '@contract/experiment'
import { distributionAxis, type FieldValues, type MatrixAxis, type MatrixCell, type MatrixRun } from '@contract/matrix'
import type { MethodName } from '@contract/methods'
import type { Formatter } from '@contract/format'
import type { Messages } from '../../i18n/en'
import { columnLabel, valueText } from './runs-table'

/** Fields whose values say little without a symbol. */
const symbols: Partial<Record<ExperimentField, string>> = {
  readjustmentRatio: 'R',
  readjustmentInterval: 'ΔT',
  sparsity: 'S',
  dirichletConcentration: 'β',
}

/** A row or column in words: "Static pruning", "R = 0.3", "iid", "β = 0.5". */
export function pointLabel(point: FieldValues, words: Messages, format: Formatter): string {
  const isDirichlet = point.partition === 'dirichlet' && point.dirichletConcentration !== undefined
  return experimentFieldNames
    .filter((field) => field in point && !(isDirichlet && field === 'partition'))
    .map((field) => {
      const text = valueText(field, point[field], words, format)
      return symbols[field] === undefined ? text : `${symbols[field]} = ${text}`
    })
    .join(' · ')
}

/** What an axis is called. */
export function axisLabel(axis: MatrixAxis, words: Messages): string {
  return axis === distributionAxis ? words.comparison.distribution : columnLabel(axis, words)
}

export interface TypedPoints {
  readonly points: readonly FieldValues[]
  /** Pieces that are no value of the axis. */
  readonly wrong: readonly string[]
}

/** Rows or columns as typed, separated by commas; of a distribution, "iid" or a β. */
export function typedPoints(axis: MatrixAxis, text: string): TypedPoints {
  const pieces = text.split(/[,，;；、\s]+/).filter((piece) => piece !== '')
  const parsed = pieces.map((piece) => ({ piece, point: typedPoint(axis, piece) }))
  return {
    points: parsed.flatMap(({ point }) => (point === null ? [] : [point])),
    wrong: parsed.flatMap(({ piece, point }) => (point === null ? [piece] : [])),
  }
}

function typedPoint(axis: MatrixAxis, piece: string): FieldValues | null {
  if (axis === distributionAxis) {
    if (piece.toLowerCase() === 'iid') return { partition: 'iid' }
    const concentration = valueFromText('dirichletConcentration', piece.replace(/^β=?/, ''))
    const isConcentration = fieldSchema('dirichletConcentration').safeParse(concentration).success
    return isConcentration ? { partition: 'dirichlet', dirichletConcentration: concentration } : null
  }
  const value = valueFromText(axis, piece)
  return fieldSchema(axis).safeParse(value).success ? { [axis]: value } : null
}

/** The question to begin with: the seed note's, of whichever of ΔT and R varies, and of the moving mask where it was run. */
export function firstAxes(runs: readonly MatrixRun[]): { columns: MatrixAxis; method: MethodName } {
  const experiments = runs.map(({ manifest }) => manifest.experiment)
  const methods = new Set(experiments.map(({ method }) => method))
  const method = methods.has('dynamic') ? 'dynamic' : ([...methods].find((one) => one !== 'static') ?? 'static')
  const own = experiments.filter((experiment) => experiment.method === method)
  const varies = (field: ExperimentField) => own.some((experiment) => experiment[field] !== own[0][field])
  if (varies('readjustmentRatio')) return { columns: 'readjustmentRatio', method }
  if (varies('readjustmentInterval') || methods.size <= 1) return { columns: 'readjustmentInterval', method }
  return { columns: 'method', method }
}

/** A measure in words: mean ± standard deviation where it scatters. */
export function spreadText(
  { spread }: Pick<MatrixCell, 'spread'>,
  measure: Measure,
  words: Messages,
  format: Formatter,
): string {
  if (spread === null) return ''
  const mean = valueText(measure, spread.mean, words, format)
  return spread.deviation === null ? mean : `${mean} ± ${valueText(measure, spread.deviation, words, format)}`
}

/** A difference of a measure with its sign; of accuracies in percentage points. */
export function differenceText(difference: number, measure: Measure, words: Messages, format: Formatter): string {
  if (measure === 'finalAccuracy' || measure === 'bestAccuracy' || measure === 'realisedSparsity') {
    return `${format.points(difference)} ${words.compare.points}`
  }
  const sign = difference < 0 ? '−' : difference > 0 ? '+' : ''
  return `${sign}${valueText(measure, Math.abs(difference), words, format)}`
}
