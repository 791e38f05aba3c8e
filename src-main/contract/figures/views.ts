import { accuracyOf } from '../accuracy'
import type { ComparedRun } from '../comparison'
import type { Experiment, ExperimentField } from '../experiment'
import type { Formatter } from '../format'
import { meanInterval, pairedDifferences, pairsStillNeeded, spread, type Spread } from '../statistics'
import { distinguishingFields, type FigureArm } from './arms'
import {
  accuracyWithin,
  costToReach,
  isShare,
  meanCurve,
  totalCost,
  type Band,
  type CostAxis,
  type Metric,
} from './curves'
import { formatCost, formatMetric } from './formats'
import type { IntervalModel, IntervalRow } from './interval-chart'
import type { LineChartModel } from './line-chart'
import type { ParallelAxis, ParallelModel } from './parallel-chart'
import { paretoFront } from './pareto'
import type { ScatterModel } from './scatter-chart'
import type { FigureWords, Labels } from './words'

/** The figures of a comparison, from its arms. */

export interface Language {
  readonly words: FigureWords
  readonly format: Formatter
  readonly labels: Labels
}

/** Ends of a share. */
const share = [0, 1] as const

/** Learning curves: the mean of every arm over its seeds, with a band. */
export function curvesModel(
  arms: readonly FigureArm[],
  { axis, metric, band }: { readonly axis: CostAxis; readonly metric: Metric; readonly band: Band },
  { words, format }: Language,
): LineChartModel {
  return {
    title: words.titles.curves,
    x: { label: words.axes[axis], format: formatCost(axis, format), minimum: 0, whole: axis === 'rounds' },
    y: {
      label: words.metrics[metric],
      format: formatMetric(metric, format),
      ...(isShare(metric) ? { limits: share } : {}),
    },
    series: arms
      .map((arm) => ({
        id: arm.id,
        label: `${arm.label} (n = ${format.count(arm.results.length)})`,
        style: arm.style,
        ...meanCurve(arm.rounds, axis, metric, band),
      }))
      .filter(({ points }) => points.length > 0 || isShare(metric)),
  }
}

/** The budget that a view begins with: what the cheapest run spent, so that every run had it. */
export function commonBudget(arms: readonly FigureArm[], axis: CostAxis): number {
  return Math.min(...arms.flatMap(({ rounds }) => rounds.map((run) => totalCost(run, axis))))
}

/** The accuracy that a view begins with: the highest that every arm has reached with at least one seed. */
export function commonAccuracy(arms: readonly FigureArm[]): number {
  return Math.min(...arms.map(({ results }) => Math.max(...results.map(({ bestAccuracy }) => bestAccuracy))))
}

/** Per arm, the highest accuracy reached within a budget. */
export function withinModel(
  arms: readonly FigureArm[],
  axis: CostAxis,
  budget: number,
  { words, format }: Language,
): IntervalModel {
  const spent = axis === 'rounds' ? format.count(budget) : formatCost(axis, format)(budget)
  return {
    title: words.titles.within(`${words.axes[axis]} ≤ ${spent}`),
    axis: { label: words.accuracyReached, format: (value) => format.share(value), limits: share },
    format: (value) => format.percent(value),
    reference: null,
    rows: arms.map((arm) =>
      rowOverSeeds(
        arm,
        arm.rounds.map((rounds) => accuracyWithin(rounds, axis, budget)),
        ({ n }) => `n = ${format.count(n)}`,
      ),
    ),
  }
}

/** Per arm, what reaching an accuracy cost. */
export function toReachModel(
  arms: readonly FigureArm[],
  axis: CostAxis,
  accuracy: number,
  { words, format }: Language,
): IntervalModel {
  return {
    title: words.titles.toReach(format.percent(accuracy, 1)),
    axis: { label: words.axes[axis], format: formatCost(axis, format), minimum: 0 },
    format: formatCost(axis, format),
    reference: null,
    rows: arms.map((arm) =>
      rowOverSeeds(
        arm,
        arm.rounds.map((rounds) => costToReach(rounds, axis, accuracy)),
        ({ n }) => words.reached(format.count(n), format.count(arm.results.length)),
      ),
    ),
  }
}

/** A row over seeds. The mean of those seeds alone that got there would flatter the arm, so then there is none. */
function rowOverSeeds(
  arm: FigureArm,
  values: readonly (number | null)[],
  note: (reached: { readonly n: number }) => string,
): IntervalRow {
  const dots = values.flatMap((value, at) => (value === null ? [] : [{ seed: arm.results[at].seed, value }]))
  const all = dots.length === values.length ? spread(dots.map(({ value }) => value)) : null
  return rowOf(arm, dots, all, note({ n: dots.length }))
}

function rowOf(arm: FigureArm, dots: IntervalRow['dots'], all: Spread | null, note: string): IntervalRow {
  return {
    id: arm.id,
    label: arm.label,
    style: arm.style,
    mean: all?.mean ?? null,
    interval: all === null ? null : meanInterval(all),
    dots,
    note,
  }
}

/** The differences of an arm's runs to those of the baseline with the same seed after as many rounds. */
function differencesTo(arm: FigureArm, baseline: FigureArm): ReadonlyMap<number, number> {
  const keyed = ({ results }: FigureArm) =>
    new Map(results.map(({ seed, roundsDone, finalAccuracy }) => [`${seed} ${roundsDone}`, finalAccuracy]))
  const reference = keyed(baseline)
  const paired = arm.results.filter(({ seed, roundsDone }) => reference.has(`${seed} ${roundsDone}`))
  const differences = pairedDifferences(keyed(arm), reference)
  return new Map(paired.map(({ seed }, at) => [seed, differences[at]]))
}

/** Every other arm against the baseline, seed by seed, with the seeds still needed to see one point. */
export function differencesModel(
  arms: readonly FigureArm[],
  baseline: FigureArm,
  { words, format }: Language,
): IntervalModel {
  const comparable = arms.filter((arm) => arm.id !== baseline.id && arm.accuracyKind === baseline.accuracyKind)
  return {
    title: words.titles.differences(baseline.label),
    axis: { label: words.difference, format: (value) => format.number(value * 100, 2).replace('-', '−') },
    format: (value) => format.points(value),
    reference: 0,
    rows: comparable.map((arm) => {
      const dots = [...differencesTo(arm, baseline)].map(([seed, value]) => ({ seed, value }))
      const all = dots.length === 0 ? null : spread(dots.map(({ value }) => value))
      return rowOf(arm, dots, all, [words.pairs(format.count(dots.length)), seedsNote(all, words, format)].join(' · '))
    }),
  }
}

function seedsNote(differences: Spread | null, words: FigureWords, format: Formatter): string {
  const more = differences === null ? null : pairsStillNeeded(differences)
  if (more === null) return words.tooFewPairs
  return more === 0 ? words.enoughSeeds : words.seedsNeeded(format.count(more))
}

/** What the Pareto view can charge for: what was spent, and the size of the network. */
export const paretoCosts = ['megabytes', 'transferred', 'flops', 'seconds', 'rounds', 'activeWeights'] as const
export type ParetoCost = (typeof paretoCosts)[number]

/** Final accuracy against a cost, with the arms that no other beats in both. */
export function paretoModel(arms: readonly FigureArm[], cost: ParetoCost, { words, format }: Language): ScatterModel {
  const points = arms.map((arm) => {
    const costs = spread(
      arm.results.map((result, at) =>
        cost === 'activeWeights' ? result.activeWeights : totalCost(arm.rounds[at], cost),
      ),
    )
    const accuracy = spread(arm.results.map(({ finalAccuracy }) => finalAccuracy))
    return {
      id: arm.id,
      label: `${arm.label} (n = ${format.count(accuracy.n)})`,
      style: arm.style,
      x: costs.mean,
      y: accuracy.mean,
      xInterval: meanInterval(costs),
      yInterval: meanInterval(accuracy),
    }
  })
  // Accuracies of different kinds do not beat each other.
  const front = (['global', 'own'] as const).flatMap((kind) =>
    paretoFront(points.filter((_, at) => arms[at].accuracyKind === kind)),
  )
  return {
    title: words.titles.pareto,
    x: {
      label: cost === 'activeWeights' ? words.activeWeights : words.axes[cost],
      format: cost === 'activeWeights' ? (value) => format.significant(value) : formatCost(cost, format),
    },
    y: { label: words.finalAccuracy, format: (value) => format.share(value), limits: share },
    points: points.map((point) => ({ ...point, onFront: front.includes(point) })),
  }
}

/** Every run as a line over the fields in which runs differ and over its results. */
export function parallelModel(
  runs: readonly ComparedRun[],
  arms: readonly FigureArm[],
  { words, format, labels }: Language,
): ParallelModel {
  const lines = arms.flatMap((arm) =>
    arm.results.map((result, at) => ({
      arm,
      result,
      rounds: arm.rounds[at],
      setting: settingOf(runs, result.runId, arm),
    })),
  )
  const settings = lines.map(({ setting }) => setting)
  const fields: ExperimentField[] = settings.length === 0 ? [] : distinguishingFields(settings)
  const kinds = new Set(arms.map(({ accuracyKind }) => accuracyKind))
  const results: ParallelAxis[] = [
    ...(['megabytes', 'flops', 'seconds'] as const).map((axis) => ({
      id: axis,
      label: words.axes[axis],
      format: formatCost(axis, format),
      values: lines.map(({ rounds }) => totalCost(rounds, axis)),
    })),
    {
      id: 'activeWeights',
      label: words.activeWeights,
      format: (value) => format.significant(value),
      values: lines.map(({ result }) => result.activeWeights),
    },
    ...[...kinds].map((kind) => ({
      id: `finalAccuracy-${kind}`,
      label: kind === 'global' ? words.finalAccuracy : words.metrics.localAccuracy,
      format: (value: number) => format.share(value),
      values: lines.map(({ arm, rounds }) =>
        arm.accuracyKind === kind ? (rounds.map(accuracyOf).findLast((value) => value !== null) ?? null) : null,
      ),
    })),
  ]
  return {
    title: words.titles.parallel,
    axes: [
      choiceAxis('method', words.method, settings, (setting) => labels.method(setting.method)),
      ...fields.map((field) => fieldAxis(field, settings, labels, format)),
      ...results,
    ],
    lines: lines.map(({ arm, result }) => ({
      id: result.runId,
      label: `${arm.label} · ${words.seed} ${result.seed}`,
      style: arm.style,
    })),
  }
}

function settingOf(runs: readonly ComparedRun[], runId: string, arm: FigureArm): Experiment {
  return runs.find(({ manifest }) => manifest.id === runId)?.manifest.experiment ?? arm.setting
}

function choiceAxis(
  id: string,
  label: string,
  settings: readonly Experiment[],
  nameOf: (setting: Experiment) => string,
): ParallelAxis {
  const names = settings.map(nameOf)
  const choices = [...new Set(names)]
  return {
    id,
    label,
    format: (value) => choices[Math.round(value)] ?? '',
    values: names.map((name) => choices.indexOf(name)),
    choices: choices.length,
  }
}

function fieldAxis(
  field: ExperimentField,
  settings: readonly Experiment[],
  labels: Labels,
  format: Formatter,
): ParallelAxis {
  const values = settings.map((setting) => setting[field])
  if (values.every((value) => typeof value === 'number'))
    return { id: field, label: labels.field(field), format: (value) => format.number(value), values }
  return choiceAxis(field, labels.field(field), settings, (setting) => labels.fieldValue(setting, field))
}
