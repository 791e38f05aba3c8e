import type { Experiment, ExperimentField } from '../experiment'
import { methods, type MethodName } from '../methods'
import type { Band, CostAxis, Metric } from './curves'

/** Words of figures. The command line and the window in English use these; the window has its own in other languages. */
export interface FigureWords {
  /** Heading of the column that names a series. */
  readonly series: string
  readonly lower: string
  readonly upper: string
  readonly mean: string
  readonly seed: string
  readonly value: string
  readonly axes: Readonly<Record<CostAxis, string>>
  readonly metrics: Readonly<Record<Metric, string>>
  readonly bands: Readonly<Record<Band, string>>
  readonly titles: {
    readonly curves: string
    readonly within: (budget: string) => string
    readonly toReach: (accuracy: string) => string
    readonly pareto: string
    readonly parallel: string
    readonly differences: (baseline: string) => string
  }
  readonly accuracyReached: string
  readonly difference: string
  readonly front: string
  readonly onFront: string
  readonly run: string
  readonly finalAccuracy: string
  readonly activeWeights: string
  readonly method: string
  readonly reached: (reached: string, runs: string) => string
  readonly pairs: (pairs: string) => string
  readonly seedsNeeded: (seeds: string) => string
  readonly enoughSeeds: string
  readonly tooFewPairs: string
}

export const englishFigureWords: FigureWords = {
  series: 'Series',
  lower: 'lower',
  upper: 'upper',
  mean: 'mean',
  seed: 'Seed',
  value: 'Value',
  axes: {
    rounds: 'Rounds',
    megabytes: 'Uploaded (MB)',
    transferred: 'Uploaded and downloaded (MB)',
    flops: 'Training FLOPs (theoretical)',
    seconds: 'Seconds',
  },
  metrics: {
    accuracy: 'Test accuracy (global model)',
    localAccuracy: 'Local test accuracy (mean over clients)',
    lowestClientAccuracy: 'Local test accuracy (lowest client)',
    lowestTenthAccuracy: 'Local test accuracy (mean of the lowest tenth of clients)',
    clientDeviation: 'Standard deviation of local test accuracy over clients',
    globalLoss: 'Test loss (cross-entropy)',
    trainLoss: 'Training loss (cross-entropy)',
  },
  bands: {
    deviation: '± standard deviation',
    error: '± standard error',
    interval: '95 % interval of the mean',
    none: 'no band',
  },
  titles: {
    curves: 'Learning curves',
    within: (budget) => `Accuracy reached within ${budget}`,
    toReach: (accuracy) => `Cost to reach ${accuracy}`,
    pareto: 'Accuracy against cost',
    parallel: 'Settings and results',
    differences: (baseline) => `Difference to ${baseline}`,
  },
  accuracyReached: 'Highest accuracy',
  difference: 'Difference in final accuracy (points)',
  front: 'Pareto front',
  onFront: 'On the front',
  run: 'Run',
  finalAccuracy: 'Final accuracy',
  activeWeights: 'Active weights',
  method: 'Method',
  reached: (reached, runs) => `reached by ${reached} of ${runs}`,
  pairs: (pairs) => (pairs === '1' ? '1 pair' : `${pairs} pairs`),
  seedsNeeded: (seeds) => (seeds === '1' ? '1 more seed to see 1 point' : `${seeds} more seeds to see 1 point`),
  enoughSeeds: 'seeds enough to see 1 point',
  tooFewPairs: 'at least 2 pairs needed',
}

/** How the parts of labels are put into words. */
export interface Labels {
  readonly method: (method: MethodName) => string
  /** These fields of an experiment with their values; empty without fields. */
  readonly setting: (experiment: Experiment, fields: readonly ExperimentField[]) => string
  readonly field: (field: ExperimentField) => string
  readonly fieldValue: (experiment: Experiment, field: ExperimentField) => string
}

const fieldValue = (experiment: Experiment, field: ExperimentField) => String(experiment[field] ?? 'automatic')

export const englishLabels: Labels = {
  method: (method) => methods[method].title,
  setting: (experiment, fields) => fields.map((field) => `${field} ${fieldValue(experiment, field)}`).join(', '),
  field: (field) => field,
  fieldValue,
}
