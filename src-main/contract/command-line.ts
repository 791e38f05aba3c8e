import { defaultExperiment, experimentFieldNames, fieldMetadata, fieldShape, type ExperimentField } from './experiment'
import type { Experiment } from './experiment'
import { ablationAxis, type AxisValue, type SweepAxis } from './sweep'

/** What a command line says: fields by name, axes, seeds, and the words that mean nothing here. */
export interface ParsedCommandLine {
  readonly values: Readonly<Partial<Record<ExperimentField, AxisValue>>>
  readonly axes: readonly SweepAxis[]
  readonly seeds: readonly number[] | null
  /** Flags as typed that no field stands for. */
  readonly ignored: readonly string[]
}

/**
 * Flags of FedPruning and ITOP that mean a field under another name. FedDST's and the seed's own names are the flags of the
 * schema.
 */
const otherNames = new Map<string, ExperimentField>(
  Object.entries({
    'client-num-in-total': 'totalClients',
    'client-num-per-round': 'clientsPerRound',
    'comm-round': 'rounds',
    'partition-method': 'partition',
    'partition-alpha': 'dirichletConcentration',
    'delta-t': 'readjustmentInterval',
    't-end': 'rateDecayEnd',
    'adjust-alpha': 'readjustmentRatio',
    'death-rate': 'readjustmentRatio',
    'frequency-of-the-test': 'evaluationInterval',
    lr: 'learningRate',
    wd: 'weightDecay',
  } as const),
)
/** Flags that give a density where the schema has the sparsity. */
const densityNames = ['density', 'target-density']
/** Spellings of other programs for the same choice. */
const otherOptions = new Map(
  Object.entries({
    homo: 'iid',
    hetero: 'dirichlet',
    noniid: 'dirichlet',
    fashion_mnist: 'fashion-mnist',
    'cifar-10': 'cifar10',
  }),
)

/** Values by the text of a flag: a number where the field has numbers, `default` or `auto` where it may be null. */
export function valueFromText(field: ExperimentField, text: string): AxisValue {
  const shape = fieldShape(field)
  const trimmed = text.trim()
  if (shape.kind === 'choice') return trimmed
  if (shape.nullable && ['default', 'auto', 'null'].includes(trimmed.toLowerCase())) return null
  return trimmed === '' || Number.isNaN(Number(trimmed)) ? trimmed : Number(trimmed)
}

/** The field that a flag names, with or without dashes; null for none. */
export function fieldOfFlag(text: string): ExperimentField | null {
  const wanted = text.trim().replace(/^-+/, '')
  const known = experimentFieldNames.find((name) => name === wanted || fieldMetadata(name).flag === wanted)
  return known ?? otherNames.get(wanted.toLowerCase().replaceAll('_', '-')) ?? null
}

/**
 * Reads a command line of Espalier, of FedDST's dst.py, of the seed's pruning_fl.py or of FedPruning. Nothing is checked
 * against the schema here, so that a value that does not fit is shown beside its field. As on Espalier's own command line
 * the mask is static unless `--need-readjust` or `--method` says otherwise.
 */
export function parseCommandLine(text: string): ParsedCommandLine {
  const words = wordsOf(text)
  const values: Partial<Record<ExperimentField, AxisValue>> = {}
  const axes: SweepAxis[] = []
  const ignored: string[] = []
  let seeds: number[] | null = null
  let moves = false
  for (let at = 0; at < words.length; at++) {
    const word = words[at]
    if (!/^--?[A-Za-z]/.test(word)) continue
    const equals = word.indexOf('=')
    const flag = equals === -1 ? word : word.slice(0, equals)
    const name = flag.replace(/^-+/, '')
    const next = words.at(at + 1)
    const hasNext = next !== undefined && (!next.startsWith('-') || !Number.isNaN(Number(next)))
    const value = equals === -1 ? (hasNext ? next : null) : word.slice(equals + 1)
    const takes = equals === -1 && value !== null ? 1 : 0
    const field = fieldOfFlag(flag)
    if (name === 'need-readjust' || name === 'need_readjust') {
      moves = true
    } else if (value === null) {
      ignored.push(flag)
    } else if (densityNames.includes(name.toLowerCase().replaceAll('_', '-'))) {
      values.sparsity = roundOff(1 - Number(value))
      at += takes
    } else if (name === 'axis') {
      const [axisName, list] = value.split('=', 2)
      const axisField = fieldOfFlag(axisName)
      if (axisField === null || !value.includes('=')) ignored.push(`${flag} ${value}`)
      else axes.push({ field: axisField, values: list.split(',').map((item) => valueFromText(axisField, item)) })
      at += takes
    } else if (name === 'seeds' || field === 'seed') {
      seeds = value.split(',').map(Number)
      at += takes
    } else if (field === null || (field === 'device' && !isOption(field, value))) {
      ignored.push(`${flag} ${value}`)
      at += takes
    } else {
      const chosen = otherOptions.get(value) ?? value
      values[field] = valueFromText(field, fieldShape(field).kind === 'choice' ? chosen : value)
      at += takes
    }
  }
  values.method ??= words.includes('ablation') || moves ? 'dynamic' : 'static'
  if (words.includes('ablation')) axes.push(ablationAxis)
  return { values, axes, seeds, ignored }
}

/** The command line that runs the same: the changed fields, then axes and seeds. */
export function commandLineOf(experiment: Experiment, axes: readonly SweepAxis[], seeds: readonly number[]): string {
  const defaults = defaultExperiment()
  const flags = experimentFieldNames
    .filter((name) => name !== 'seed' && name !== 'method' && experiment[name] !== defaults[name])
    .map((name) => `--${fieldMetadata(name).flag} ${String(experiment[name])}`)
  const axisFlags = axes.map(
    ({ field, values }) => `--axis ${fieldMetadata(field).flag}=${values.map((value) => value ?? 'default').join(',')}`,
  )
  const several = axes.length > 0 || seeds.length > 1
  return [
    `npx espalier ${several ? 'sweep' : 'run'}`,
    `--method ${experiment.method}`,
    ...flags,
    ...axisFlags,
    several ? `--seeds ${seeds.join(',')}` : `--seed ${seeds.join(',')}`,
  ].join(' ')
}

function isOption(field: ExperimentField, value: string): boolean {
  const shape = fieldShape(field)
  return shape.kind === 'choice' && shape.options.includes(value)
}

/** Undoes the last bits that 1 − d leaves: 1 − 0.2 is 0.8. */
function roundOff(value: number): number {
  return Number(value.toPrecision(12))
}

/** The words of a shell command; quotes hold words together, a backslash at the end of a line goes on. */
function wordsOf(text: string): string[] {
  const pieces = text.replaceAll(/\\\r?\n/g, ' ').match(/"[^"]*"|'[^']*'|[^\s"']+/g) ?? []
  return pieces.map((piece) => piece.replace(/^(["'])(.*)\1$/, '$2'))
}
