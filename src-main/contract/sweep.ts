import { EspalierError, mostRuns } from './commands'
import {
  checkExperiment,
  experimentFieldNames,
  fieldMetadata,
  problemText,
  whyInapplicable,
  type Experiment,
  type ExperimentField,
  type FieldProblem,
} from './experiment'
import { ablationArms, methods } from './methods'

/**
 * A sweep: every combination of the values of its axes, each for every seed. Cells of one seed share partition, client
 * sampling and initial weights wherever the fields that decide them are equal, so that their differences are paired.
 */

export type AxisValue = string | number | null

/** A field of the experiment and the values it takes. */
export interface SweepAxis {
  readonly field: ExperimentField
  readonly values: readonly AxisValue[]
}

/** One combination. */
export interface SweepCell {
  /** In the order of the axes. */
  readonly values: readonly AxisValue[]
  /** One per seed, in the order of the seeds; empty where the combination is no valid experiment. */
  readonly experiments: readonly Experiment[]
  /** Why it is none. */
  readonly problems: readonly FieldProblem[]
}

/** The four arms of the ablation as an axis. */
export const ablationAxis: SweepAxis = { field: 'method', values: ablationArms }

/**
 * The cells of a sweep, the last axis changing fastest. A field without a say (β of an iid partition, ΔT of a fixed mask)
 * keeps its first value there, so that no cell repeats another. Throws `wrong-input` when an axis is of no use: without values, on the
 * seed (which has its own list), on a field that another axis has, or when there would be more than `mostRuns` runs.
 */
export function sweepCells(base: Experiment, axes: readonly SweepAxis[], seeds: readonly number[]): SweepCell[] {
  checkAxes(axes, seeds)
  const distinctSeeds = [...new Set(seeds)]
  const combinations = axes.reduce<readonly (readonly AxisValue[])[]>(
    (before, { values }) => before.flatMap((row) => [...new Set(values)].map((value) => [...row, value])),
    [[]],
  )
  return combinations
    .filter((values) => isDistinct(base, axes, values))
    .map((values) => {
      const changes = Object.fromEntries(axes.map(({ field }, index) => [field, values[index]]))
      const checks = distinctSeeds.map((seed) => checkExperiment({ ...base, ...changes, seed }))
      return {
        values,
        experiments: checks.flatMap((check) => (check.ok ? [check.experiment] : [])),
        problems: checks[0].ok ? [] : checks[0].problems,
      }
    })
}

/** Whether every axis that has no say in this combination stands at its first value. */
function isDistinct(base: Experiment, axes: readonly SweepAxis[], values: readonly AxisValue[]): boolean {
  const changes = Object.fromEntries(axes.map(({ field }, index) => [field, values[index]]))
  const choices = Object.fromEntries(
    Object.entries({ ...base, ...changes }).map(([name, value]) => [name, String(value)]),
  )
  return axes.every((axis, index) => values[index] === axis.values[0] || whyInapplicable(axis.field, choices) === null)
}

/**
 * The static runs that a sweep is measured against: one for every combination of the axes outside the topology and for
 * every seed, since what moves the topology has no say over a fixed mask. Published code has its fixed mask at R = 0.
 */
export function staticReferences(base: Experiment, axes: readonly SweepAxis[], seeds: readonly number[]): SweepCell[] {
  const others = axes.filter(({ field }) => field !== 'method' && fieldMetadata(field).group !== 'topology')
  const fixed: Partial<Experiment> =
    methods[base.method].isFixedAtZeroRatio === true ? { readjustmentRatio: 0 } : { method: 'static' }
  return sweepCells({ ...base, ...fixed }, others, seeds)
}

/** All runs of these cells, seed by seed, so that complete comparisons come first. */
export function experimentsOf(cells: readonly SweepCell[]): Experiment[] {
  const seeds = Math.max(0, ...cells.map(({ experiments }) => experiments.length))
  return Array.from({ length: seeds }, (_, index) =>
    cells.flatMap(({ experiments }) => experiments.slice(index, index + 1)),
  ).flat()
}

/** The four arms for every seed. Throws `wrong-input` when one of them is not a valid experiment. */
export function ablationExperiments(base: Experiment, seeds: readonly number[]): Experiment[] {
  const cells = sweepCells(base, [ablationAxis], seeds)
  const problems = cells.flatMap((cell) => cell.problems)
  if (problems.length > 0) throw new EspalierError('wrong-input', problems.map(problemText).join('\n'))
  return experimentsOf(cells)
}

/** Whether two experiments are the same, seed included: the second run would give the same numbers again. */
export function isSameExperiment(one: Experiment, other: Experiment): boolean {
  return experimentFieldNames.every((name) => one[name] === other[name])
}

function checkAxes(axes: readonly SweepAxis[], seeds: readonly number[]): void {
  const refuse = (field: string, value: unknown, allowed: string) =>
    new EspalierError('wrong-input', problemText({ field, value, allowed }))
  if (seeds.length === 0) throw refuse('seeds', seeds, 'at least one')
  for (const [index, { field, values }] of axes.entries()) {
    if (field === 'seed') throw refuse('axis', field, 'any other field; seeds have their own list')
    if (values.length === 0) throw refuse(`axis ${field}`, values, 'at least one value')
    if (axes.slice(0, index).some((other) => other.field === field)) throw refuse('axis', field, 'one axis for a field')
  }
  const runs = axes.reduce((product, { values }) => product * new Set(values).size, new Set(seeds).size)
  if (runs > mostRuns) throw refuse('sweep', runs, `at most ${mostRuns} runs`)
}
