import type { AccuracyKind } from '../accuracy'
import { compareRuns, type ComparedRun, type RunResult } from '../comparison'
import { experimentFieldNames, type Experiment, type ExperimentField } from '../experiment'
import type { MethodName } from '../methods'
import type { RoundRecord } from '../records'
import type { LineStyle } from './line-chart'
import { armStyle } from './styles'
import type { Labels } from './words'

/** The runs of one arm with one setting, over seeds: what figures draw as one. */
export interface FigureArm {
  readonly id: string
  readonly label: string
  readonly style: LineStyle
  readonly method: MethodName
  readonly setting: Experiment
  readonly accuracyKind: AccuracyKind
  /** In order of seed. */
  readonly results: readonly RunResult[]
  /** The rounds of each result. */
  readonly rounds: readonly (readonly RoundRecord[])[]
}

/** The fields, arm and seed aside, in which the experiments of a session differ. */
export function distinguishingFields(experiments: readonly Experiment[]): ExperimentField[] {
  return experimentFieldNames.filter(
    (name) =>
      name !== 'method' &&
      name !== 'seed' &&
      experiments.some((experiment) => experiment[name] !== experiments[0][name]),
  )
}

/** The arms of every setting, with labels that tell them apart. */
export function figureArms(runs: readonly ComparedRun[], labels: Labels): FigureArm[] {
  const groups = compareRuns(runs)
  const fields = distinguishingFields(groups.map(({ setting }) => setting))
  const rounds = new Map(runs.map((run) => [run.manifest.id, run.rounds]))
  return groups.flatMap(({ setting, accuracyKind, arms }, variant) => {
    const details = labels.setting(setting, fields)
    return arms.map(({ method, results }) => ({
      id: `${variant} ${method}`,
      label: [labels.method(method), details].filter((part) => part !== '').join(' · '),
      style: armStyle(method, variant),
      method,
      setting,
      accuracyKind,
      results,
      rounds: results.map(({ runId }) => rounds.get(runId) ?? []),
    }))
  })
}
