import {
  checkExperiment,
  defaultExperiment,
  experimentFieldNames,
  fieldSchema,
  fieldShape,
  methodDefaults,
  topologyEnd,
  whyInapplicable,
  type Experiment,
  type ExperimentField,
} from '@contract/experiment'
import type { Messages } from '../i18n/en'
import { optionWords } from '../i18n/option-words'

/** The form holds what was typed; values and problems follow from it. */
export type FieldTexts = Readonly<Record<ExperimentField, string>>

/** What a field's control shows for a value. */
export function fieldText(value: string | number | null): string {
  return value === null ? '' : String(value)
}

/** The texts of a complete experiment. */
export function experimentTexts(experiment: Experiment): FieldTexts {
  return Object.fromEntries(
    experimentFieldNames.map((name) => [name, fieldText(experiment[name])]),
  ) as unknown as FieldTexts
}

/** The value of one field as typed: a decimal comma counts as a point; what is no number becomes NaN and fails the check. */
export function fieldValue(name: ExperimentField, text: string): string | number | null {
  const shape = fieldShape(name)
  if (shape.kind === 'choice') return text
  const trimmed = text.trim()
  if (trimmed === '') return shape.nullable ? null : Number.NaN
  return Number(trimmed.replace(',', '.'))
}

export interface CheckedTexts {
  /** The experiment, or null while any field does not fit. */
  readonly experiment: Experiment | null
  /** One sentence for each field that does not fit. */
  readonly problems: Readonly<Partial<Record<ExperimentField, string>>>
}

/** Checks the form against the schema and says beside which field what is wrong. */
export function checkTexts(texts: FieldTexts, words: Messages, formatNumber: (value: number) => string): CheckedTexts {
  const values = Object.fromEntries(experimentFieldNames.map((name) => [name, fieldValue(name, texts[name])]))
  const check = checkExperiment(values)
  if (check.ok) return { experiment: check.experiment, problems: {} }
  const problems: Partial<Record<ExperimentField, string>> = {}
  for (const { field } of check.problems) {
    const name = field as ExperimentField
    problems[name] = fieldSchema(name).safeParse(values[name]).success
      ? crossFieldProblem(name, texts, words, formatNumber)
      : ownProblem(name, values[name], words, formatNumber)
  }
  return { experiment: null, problems }
}

function ownProblem(
  name: ExperimentField,
  value: unknown,
  words: Messages,
  formatNumber: (value: number) => string,
): string {
  const shape = fieldShape(name)
  if (shape.kind === 'choice') return shape.options.map((option) => optionWords(words, name, option)).join(', ')
  if (Number.isNaN(value)) return words.problems.number
  return words.problems.range(shape.integer, formatNumber(shape.minimum), formatNumber(shape.maximum))
}

function crossFieldProblem(
  name: ExperimentField,
  texts: FieldTexts,
  words: Messages,
  formatNumber: (value: number) => string,
): string {
  const numberOf = (field: ExperimentField) => formatNumber(Number(fieldValue(field, texts[field])))
  if (name === 'clientsPerRound') return words.problems.clientsPerRound(numberOf('totalClients'))
  if (name === 'rateDecayEnd') return words.problems.rateDecayEnd(numberOf('rounds'))
  if (name === 'rewindRound') return words.problems.rewindRound(numberOf('rounds'))
  if (name === 'denseRounds') {
    const ramps = whyInapplicable('rateDecayEnd', texts) === null
    const [rounds, end] = (['rounds', 'rateDecayEnd'] as const).map((field) => fieldValue(field, texts[field]))
    const last = ramps
      ? topologyEnd({ rounds: Number(rounds), rateDecayEnd: end === null ? null : Number(end) })
      : rounds
    return words.problems.denseRounds(formatNumber(Number(last)))
  }
  if (name === 'layerDistribution') return words.problems.layerDistribution
  if (name === 'proximalCoefficient') return words.problems.proximalCoefficient
  return words.problems.sparsity
}

/** Fields whose value differs from the schema's default. */
export function isChanged(name: ExperimentField, text: string): boolean {
  return fieldValue(name, text) !== defaultExperiment()[name]
}

/** The texts with what the newly chosen method has for a default where the one before had its own untouched. */
export function withMethodDefaults(before: FieldTexts, after: FieldTexts): FieldTexts {
  const defaults = defaultExperiment()
  const old: Partial<Record<string, number>> = methodDefaults(before.method)
  const next: Partial<Record<string, number>> = methodDefaults(after.method)
  const texts = { ...after }
  for (const name of experimentFieldNames) {
    if (old[name] === next[name]) continue
    const untouched = fieldText(old[name] ?? defaults[name])
    if (before[name] === untouched) texts[name] = fieldText(next[name] ?? defaults[name])
  }
  return texts
}
