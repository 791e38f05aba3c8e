import { z } from 'zod'
import { measures, type Measure, type RunResult } from './comparison'
import {
  checkExperiment,
  experimentFieldNames,
  fieldShape,
  whyInapplicable,
  type Experiment,
  type ExperimentField,
  type FieldProblem,
} from './experiment'
import { methodNames } from './methods'
import type { RunManifest } from './records'
import { pairedDifferences, spread, type Spread } from './statistics'
import type { AxisValue } from './sweep'

/**
 * The result matrix: two fields span it, a cell sums up the runs of one setting over their seeds and is paired, seed by seed,
 * with the static mask of the same setting. A cell without runs is an experiment that can be queued.
 */

/** How the data is shared out is one question though two fields: the partition, and β where it has one. */
export const distributionAxis = 'distribution'
export type MatrixAxis = typeof distributionAxis | ExperimentField

const axisNames: readonly MatrixAxis[] = [distributionAxis, ...experimentFieldNames.filter((name) => name !== 'seed')]
const axisSchema = z.enum(axisNames)
const fieldValuesSchema = z.partialRecord(
  z.enum(experimentFieldNames),
  z.union([z.string().max(100), z.number(), z.null()]),
)
/** Values of some fields: a row or column, or what is fixed. */
export type FieldValues = Readonly<Partial<Record<ExperimentField, AxisValue>>>

export const matrixQuestionSchema = z.strictObject({
  rows: axisSchema,
  columns: axisSchema,
  /** Whose runs fill the cells, unless an axis is the method. */
  method: z.enum(methodNames),
  measure: z.enum(measures),
  /** Values that other fields shall have, the last chosen first; one that no run has with those before it is passed over. */
  fixed: fieldValuesSchema.default({}),
  /** Rows and columns shown beside those that runs have. */
  moreRows: z.array(fieldValuesSchema).max(100).default([]),
  moreColumns: z.array(fieldValuesSchema).max(100).default([]),
})
export type MatrixQuestion = z.output<typeof matrixQuestionSchema>

/** A question as it stands on screen, with rows and columns as they were typed. */
export const matrixViewSchema = matrixQuestionSchema.omit({ moreRows: true, moreColumns: true }).extend({
  moreRows: z.string().max(1000),
  moreColumns: z.string().max(1000),
})
export type MatrixView = z.output<typeof matrixViewSchema>

/** A run and its outcome so far. */
export interface MatrixRun {
  readonly manifest: RunManifest
  readonly result: RunResult | null
}

export interface MatrixCell {
  /** With the setting's seed; null where the combination is no valid experiment. */
  readonly experiment: Experiment | null
  readonly problems: readonly FieldProblem[]
  /** Of finished runs, in order of seed. */
  readonly results: readonly RunResult[]
  readonly spread: Spread | null
  /** Minus the static mask of the same setting, seed by seed; null where nothing pairs. */
  readonly difference: Spread | null
  /** Whether its mean is the best of its row. */
  readonly best: boolean
  /** Runs that are queued or under way. */
  readonly pending: number
  /** Runs that stopped before their end. */
  readonly stopped: number
  /** Seeds of the matrix without a run here that is finished or pending. */
  readonly missingSeeds: readonly number[]
}

export interface ResultMatrix {
  readonly question: MatrixQuestion
  /** What the cells have in common; the fields of the axes are to be disregarded. */
  readonly setting: Experiment
  readonly rows: readonly FieldValues[]
  readonly columns: readonly FieldValues[]
  /** Row by row. */
  readonly cells: readonly (readonly MatrixCell[])[]
  /** Every seed of any of its runs, ascending. */
  readonly seeds: readonly number[]
  /** Other fields in which runs differ, with their values: what `fixed` chooses among. */
  readonly choices: readonly { readonly field: ExperimentField; readonly values: readonly AxisValue[] }[]
  /** Fields that all cells share and that matter to them, in the order of the form. */
  readonly fixedFields: readonly ExperimentField[]
}

const higherIsBetter: readonly Measure[] = ['finalAccuracy', 'bestAccuracy', 'realisedSparsity']

/** The fields that an axis is made of. */
function axisFields(axis: MatrixAxis): readonly ExperimentField[] {
  return axis === distributionAxis ? ['partition', 'dirichletConcentration'] : [axis]
}

/** Null while no run has the method and both fields. */
export function resultMatrix(runs: readonly MatrixRun[], question: MatrixQuestion): ResultMatrix | null {
  const { rows: rowAxis, columns: columnAxis, method } = question
  const spanned = [...axisFields(rowAxis), ...axisFields(columnAxis)]
  const byMethod = spanned.includes('method')
  const suited = runs.filter(({ manifest: { experiment } }) => {
    const axesApply = [rowAxis, columnAxis].every((axis) => isRelevant(experiment, axisFields(axis)[0]))
    return byMethod ? axesApply : axesApply && experiment.method === method
  })
  if (suited.length === 0) return null

  const outsideOf = new Map<Experiment, ReadonlySet<ExperimentField>>()
  const outside = (experiment: Experiment) => {
    let fields = outsideOf.get(experiment)
    if (fields === undefined) {
      fields = new Set(relevantFields(experiment).filter((name) => !spanned.includes(name) && name !== 'method'))
      outsideOf.set(experiment, fields)
    }
    return fields
  }
  const choices = experimentFieldNames.flatMap((field) => {
    const values = new Set<AxisValue>()
    for (const { manifest } of suited)
      if (outside(manifest.experiment).has(field)) values.add(manifest.experiment[field])
    return values.size > 1 ? [{ field, values: [...values].sort(compareValues(field)) }] : []
  })
  const setting = commonSetting(suited, question.fixed, outside)
  const own = suited.filter(({ manifest }) => agrees(manifest.experiment, setting, outside))
  const rowPoints = points(own, rowAxis, question.moreRows)
  const columnPoints = points(own, columnAxis, question.moreColumns)
  // Where the mask stays as it is, the topology's fields say nothing: the reference stands at one end of such an axis.
  const referenceAt = (axis: MatrixAxis) =>
    !byMethod && method !== 'static' && !isRelevant({ ...setting, method: 'static' }, axisFields(axis)[0])
  const reference: FieldValues = { method: 'static' }
  const columns = referenceAt(columnAxis) ? [reference, ...columnPoints] : columnPoints
  const rows = referenceAt(rowAxis) && columns === columnPoints ? [reference, ...rowPoints] : rowPoints

  const bySetting = groupBy(runs, ({ manifest }) => settingKey(manifest.experiment))
  const found = (experiment: Experiment) => bySetting.get(settingKey(experiment)) ?? []
  const combined = rows.map((row) => columns.map((column): Experiment => withValues(setting, row, column)))
  const seeds = [...new Set(combined.flat().flatMap((experiment) => found(experiment).map(seedOf)))].sort(ascending)
  const cells = combined.map((line) => {
    const made = line.map((experiment) =>
      matrixCell(experiment, found(experiment), found({ ...experiment, method: 'static' }), question.measure, seeds),
    )
    return withBest(made, question.measure)
  })
  return {
    question,
    setting,
    rows,
    columns,
    cells,
    seeds: seeds.length === 0 ? [setting.seed] : seeds,
    choices,
    fixedFields: experimentFieldNames.filter((name) =>
      own.some(({ manifest }) => outside(manifest.experiment).has(name)),
    ),
  }
}

function matrixCell(
  experiment: Experiment,
  runs: readonly MatrixRun[],
  reference: readonly MatrixRun[],
  measure: Measure,
  seeds: readonly number[],
): MatrixCell {
  const check = checkExperiment(experiment)
  const results = finishedResults(runs)
  const values = bySeed(results, measure)
  const differences =
    experiment.method === 'static' ? [] : pairedDifferences(values, bySeed(finishedResults(reference), measure))
  const count = (...states: readonly RunManifest['state'][]) =>
    runs.filter(({ manifest }) => states.includes(manifest.state)).length
  const there = new Set(
    runs.filter(({ manifest: { state } }) => state !== 'failed' && state !== 'cancelled').map(seedOf),
  )
  return {
    experiment: check.ok ? check.experiment : null,
    problems: check.ok ? [] : check.problems,
    results,
    spread: values.size === 0 ? null : spread([...values.values()]),
    difference: differences.length === 0 ? null : spread(differences),
    best: false,
    pending: count('queued', 'running'),
    stopped: count('paused', 'interrupted', 'failed', 'cancelled'),
    missingSeeds: seeds.filter((seed) => !there.has(seed)),
  }
}

/** Marks the best mean of a row, where there is a choice and all means are of one kind. */
function withBest(cells: readonly MatrixCell[], measure: Measure): MatrixCell[] {
  const means = cells.flatMap((cell) => (cell.spread === null ? [] : [cell.spread.mean]))
  const kinds = new Set(cells.flatMap(({ results }) => results.map((result) => result.accuracyKind)))
  const best = higherIsBetter.includes(measure) ? Math.max(...means) : Math.min(...means)
  const isChoice = kinds.size === 1 && new Set(means).size > 1
  return cells.map((cell) => ({ ...cell, best: isChoice && cell.spread?.mean === best }))
}

/**
 * The setting that most of the suited runs share after the wishes of `fixed`. Of a field that matters to some of them only
 * (for instance one of the Dirichlet partitions) it has the commonest value among these.
 */
function commonSetting(
  suited: readonly MatrixRun[],
  fixed: FieldValues,
  outside: (experiment: Experiment) => ReadonlySet<ExperimentField>,
): Experiment {
  let left = suited.map(({ manifest }) => manifest.experiment)
  for (const [name, value] of Object.entries(fixed)) {
    const field = name as ExperimentField
    const matters = (experiment: Experiment) => outside(experiment).has(field)
    if (!left.some((experiment) => matters(experiment) && experiment[field] === value)) continue
    left = left.filter((experiment) => !matters(experiment) || experiment[field] === value)
  }
  const fields = experimentFieldNames.filter((name) => left.some((experiment) => outside(experiment).has(name)))
  const shared = fields.filter((name) => left.every((experiment) => outside(experiment).has(name)))
  const group = largestGroup(left, (experiment) => shared.map((name) => String(experiment[name])).join())
  const others = fields.filter((name) => !shared.includes(name))
  const values = others.flatMap((name): [ExperimentField, AxisValue][] => {
    const having = group.filter((experiment) => outside(experiment).has(name))
    return having.length === 0 ? [] : [[name, largestGroup(having, (experiment) => String(experiment[name]))[0][name]]]
  })
  return withValues(group[0], Object.fromEntries(values))
}

function largestGroup<Item>(items: readonly Item[], keyOf: (item: Item) => string): readonly Item[] {
  return [...groupBy(items, keyOf).values()].reduce((most, group) => (group.length > most.length ? group : most))
}

/** Whether an experiment has the setting's values in every field outside the axes that matters to it. */
function agrees(
  experiment: Experiment,
  setting: Experiment,
  outside: (experiment: Experiment) => ReadonlySet<ExperimentField>,
): boolean {
  return [...outside(experiment)].every((name) => experiment[name] === setting[name])
}

function points(runs: readonly MatrixRun[], axis: MatrixAxis, more: readonly FieldValues[]): FieldValues[] {
  const fields = axisFields(axis)
  const experiments = runs.map(({ manifest }) => manifest.experiment)
  // Of thousands of runs a few differ here.
  const different = groupBy(experiments, (experiment) => fields.map((name) => String(experiment[name])).join())
  const present = [...different.values()].map(([experiment]): FieldValues => {
    return Object.fromEntries(
      fields.filter((name) => isRelevant(experiment, name)).map((name) => [name, experiment[name]]),
    )
  })
  const byKey = new Map([...present, ...more].map((point) => [pointKey(point), point]))
  return [...byKey.values()].sort((a, b) => {
    for (const field of fields) {
      const order = compareValues(field)(a[field] ?? null, b[field] ?? null)
      // The most even distribution comes first: iid, then β from large to small.
      if (order !== 0) return axis === distributionAxis && field === 'dirichletConcentration' ? -order : order
    }
    return 0
  })
}

/** One text for one row or column. */
export function pointKey(point: FieldValues): string {
  return JSON.stringify(experimentFieldNames.flatMap((name) => (name in point ? [[name, point[name]]] : [])))
}

const settingKeys = new WeakMap<Experiment, string>()
const fieldsThatMatter = new WeakMap<Experiment, readonly ExperimentField[]>()

/** One text for all experiments that differ in the seed, or in fields that have no say over them. */
export function settingKey(experiment: Experiment): string {
  let key = settingKeys.get(experiment)
  if (key === undefined) {
    key = JSON.stringify(relevantFields(experiment).map((name) => [name, experiment[name]]))
    settingKeys.set(experiment, key)
  }
  return key
}

/** The fields that have a say over an experiment, the seed aside. */
function relevantFields(experiment: Experiment): readonly ExperimentField[] {
  let relevant = fieldsThatMatter.get(experiment)
  if (relevant === undefined) {
    relevant = experimentFieldNames.filter((name) => name !== 'seed' && whyInapplicable(name, experiment) === null)
    fieldsThatMatter.set(experiment, relevant)
  }
  return relevant
}

function isRelevant(experiment: Experiment, name: ExperimentField): boolean {
  return relevantFields(experiment).includes(name)
}

function withValues(setting: Experiment, ...changes: readonly FieldValues[]): Experiment {
  return Object.assign({}, setting, ...changes) as Experiment
}

function finishedResults(runs: readonly MatrixRun[]): RunResult[] {
  return runs
    .flatMap(({ result }) => (result?.finished === true ? [result] : []))
    .sort((a, b) => ascending(a.seed, b.seed))
}

function bySeed(results: readonly RunResult[], measure: Measure): ReadonlyMap<string, number> {
  return new Map(results.map((result) => [`${result.seed} ${result.accuracyKind}`, result[measure]]))
}

function seedOf({ manifest }: MatrixRun): number {
  return manifest.experiment.seed
}

function compareValues(field: ExperimentField): (a: AxisValue, b: AxisValue) => number {
  const shape = fieldShape(field)
  if (shape.kind === 'choice') return (a, b) => shape.options.indexOf(String(a)) - shape.options.indexOf(String(b))
  // "Automatic" comes first.
  return (a, b) => Number(a ?? Number.NEGATIVE_INFINITY) - Number(b ?? Number.NEGATIVE_INFINITY) || 0
}

function ascending(a: number, b: number): number {
  return a - b
}

function groupBy<Item>(items: readonly Item[], keyOf: (item: Item) => string): Map<string, Item[]> {
  const groups = new Map<string, Item[]>()
  for (const item of items) {
    const key = keyOf(item)
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [item])
    else group.push(item)
  }
  return groups
}
