import { fieldOfFlag, valueFromText } from '../contract/command-line'
import { experimentFieldNames, fieldMetadata, problemText, type Experiment } from '../contract/experiment'
import { experimentsOf, sweepCells, type SweepAxis } from '../contract/sweep'
import { wrongInput } from './experiment-flags'

/** Reads `--axis rounds-between-readjustments=1,4,7`: a flag or field name and its values. Throws `wrong-input`. */
export function axisFromFlag(text: string): SweepAxis {
  const [name, list] = text.split('=', 2)
  const field = fieldOfFlag(name)
  if (field === null || !text.includes('=')) {
    const flags = experimentFieldNames.map((known) => fieldMetadata(known).flag).join(', ')
    throw wrongInput('--axis', text, `NAME=VALUE,VALUE,… where NAME is one of ${flags}`)
  }
  return { field, values: list.split(',').map((item) => valueFromText(field, item)) }
}

export interface PlannedSweep {
  readonly experiments: readonly Experiment[]
  /** What will run and what cannot, for the terminal. */
  readonly lines: readonly string[]
}

/** The runs of a sweep. Throws `wrong-input` when none of its cells is a valid experiment. */
export function planSweep(base: Experiment, axes: readonly SweepAxis[], seeds: readonly number[]): PlannedSweep {
  const cells = sweepCells(base, axes, seeds)
  const impossible = cells.filter(({ problems }) => problems.length > 0)
  if (impossible.length === cells.length) throw wrongInputOf(impossible[0].problems)
  const experiments = experimentsOf(cells)
  const lines = axes.map(({ field, values }) => `${field}: ${values.map((value) => value ?? 'default').join(', ')}`)
  const possible = cells.length - impossible.length
  lines.push(`${possible} of ${cells.length} cells × ${new Set(seeds).size} seeds = ${experiments.length} runs`)
  for (const { values, problems } of impossible) {
    const cell = axes.map(({ field }, index) => `${field} ${values[index] ?? 'default'}`).join(', ')
    lines.push(`left out: ${cell} (${problems.map(problemText).join('; ')})`)
  }
  return { experiments, lines }
}

function wrongInputOf([problem]: ReturnType<typeof sweepCells>[number]['problems']) {
  return wrongInput(problem.field, problem.value, problem.allowed)
}
