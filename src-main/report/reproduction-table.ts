import type { ComparedRun } from '../contract/comparison'
import type { Experiment } from '../contract/experiment'
import { reproducedAccuracy, totalUpload, type PublishedCell, type Reproduction } from '../contract/reproductions'
import { pairedDifferences, spread, type Spread } from '../contract/statistics'
import { isSameExperiment } from '../contract/sweep'
import { percentText, pointsText } from './numbers'

/** One line of the comparison with what was published; accuracies are shares of 1. */
export interface ReproducedCell {
  readonly row: string
  readonly column: string
  readonly published: Spread | null
  readonly ours: Spread | null
  /** Means of this cell minus those of the reference cell. */
  readonly publishedDifference: number | null
  /** Differences to the reference cell, seed by seed. */
  readonly ourDifference: Spread | null
}

/** The experiment of a published cell for one seed; `overrides` are what the whole reproduction was shortened by. */
export function experimentOfCell(
  { experiment }: Pick<Reproduction, 'experiment'>,
  { changes }: PublishedCell,
  overrides: Partial<Experiment>,
  seed: number,
): Experiment {
  return { ...experiment, ...changes, ...overrides, seed }
}

/** What the runs give for every published cell. */
export function reproducedCells(
  reproduction: Reproduction,
  overrides: Partial<Experiment>,
  runs: readonly ComparedRun[],
): ReproducedCell[] {
  const { cells, measure } = reproduction
  const cheapest = Math.min(...runs.map(totalUpload))
  const accuracies = cells.map((cell) => {
    const cap = cell.capFactor === null ? null : cell.capFactor * cheapest
    return new Map(
      runs.flatMap((run): [number, number][] => {
        const { experiment } = run.manifest
        if (!isSameExperiment(experiment, experimentOfCell(reproduction, cell, overrides, experiment.seed))) return []
        const accuracy = reproducedAccuracy(measure, run, cap)
        return accuracy === null ? [] : [[experiment.seed, accuracy]]
      }),
    )
  })
  return cells.map((cell, at) => {
    const reference = cells.findIndex(({ row, column }) => row === cell.row && column === cell.reference)
    const published = publishedSpread(cell)
    const publishedReference = reference < 0 ? null : publishedSpread(cells[reference])
    const differences = reference < 0 ? [] : pairedDifferences(accuracies[at], accuracies[reference])
    return {
      row: cell.row,
      column: cell.column,
      published,
      ours: accuracies[at].size === 0 ? null : spread([...accuracies[at].values()]),
      publishedDifference:
        published === null || publishedReference === null ? null : published.mean - publishedReference.mean,
      ourDifference: differences.length === 0 ? null : spread(differences),
    }
  })
}

function publishedSpread({ published, publishedDeviation }: PublishedCell): Spread | null {
  return published.length === 0 ? null : { ...spread(published), deviation: publishedDeviation }
}

/** The comparison as Markdown: percent, ± the standard deviation of single runs, (number of runs). */
export function reproductionTable(
  reproduction: Reproduction,
  overrides: Partial<Experiment>,
  runs: readonly ComparedRun[],
): string {
  const row = (texts: readonly string[]) => `| ${texts.join(' | ')} |`
  const value = (of: Spread | null, text: (spread: Spread) => string) => (of === null ? '–' : `${text(of)} (${of.n})`)
  const percent = (of: Spread) => percentText(of)
  const shortened = Object.entries(overrides).map(([name, given]) => `${name} = ${String(given)}`)
  return [
    `${reproduction.title}. Published: ${reproduction.source}.`,
    `Ours: ${reproduction.measureText}; ` +
      (shortened.length === 0
        ? 'the published protocol.'
        : `NOT the published protocol: ${shortened.join(', ')}. Only signs and orders may be compared.`),
    '',
    row(['', '', 'Published (%)', 'Ours (%)', 'Published difference (points)', 'Our difference (points)']),
    row(['---', '---', '---:', '---:', '---:', '---:']),
    ...reproducedCells(reproduction, overrides, runs).map((cell) =>
      row([
        cell.row,
        cell.column,
        value(cell.published, percent),
        value(cell.ours, percent),
        cell.publishedDifference === null ? '–' : pointsText({ n: 1, mean: cell.publishedDifference, deviation: null }),
        value(cell.ourDifference, (of) => pointsText(of)),
      ]),
    ),
    '',
    `± is the standard deviation of single runs, in brackets their number; differences are to ${referenceOf(reproduction)} of the same row, ours seed by seed.`,
    ...reproduction.remarks,
    '',
  ].join('\n')
}

function referenceOf({ cells }: Reproduction): string {
  return cells.find(({ reference }) => reference !== null)?.reference ?? 'the reference'
}
