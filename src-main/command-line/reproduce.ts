import type { ComparedRun } from '../contract/comparison'
import { checkExperiment, experimentFieldNames, fieldMetadata, type Experiment } from '../contract/experiment'
import { reproductionNames, reproductions, type Reproduction } from '../contract/reproductions'
import { isSameExperiment } from '../contract/sweep'
import { experimentOfCell, reproducedCells, reproductionTable } from '../report/reproduction-table'
import { givenFields, wrongField, wrongInput, type FlagValues } from './experiment-flags'

/** A published grid, what it was shortened by, and the runs that it takes. */
export interface PlannedReproduction {
  readonly experiments: readonly Experiment[]
  readonly table: (runs: readonly ComparedRun[]) => string
  readonly json: (runs: readonly ComparedRun[]) => object
}

/**
 * The runs of a published grid. Flags of the experiment shorten or change it as a whole. Throws `wrong-input` for a name that
 * is not known, a flag on a field that the grid varies, and a value that does not fit.
 */
export async function planReproduction(
  name: string,
  flags: FlagValues,
  seeds: readonly number[] | null,
): Promise<PlannedReproduction> {
  const known = reproductionNames.find((one) => one === name)
  if (known === undefined) throw wrongInput('name', name, `one of ${reproductionNames.join(', ')}`)
  const reproduction: Reproduction = reproductions[known]
  const overrides = await givenFields(flags)
  const varied = new Set(reproduction.cells.flatMap(({ changes }) => Object.keys(changes)))
  const refused = experimentFieldNames.find((field) => field in overrides && (varied.has(field) || field === 'seed'))
  if (refused !== undefined) {
    const { flag } = fieldMetadata(refused)
    throw wrongInput(
      `--${flag}`,
      overrides[refused],
      refused === 'seed' ? 'seeds by --seeds' : `nothing: ${known} varies it`,
    )
  }
  const experiments: Experiment[] = []
  for (const seed of seeds ?? reproduction.seeds) {
    for (const cell of reproduction.cells) {
      const check = checkExperiment(experimentOfCell(reproduction, cell, overrides, seed))
      if (!check.ok) throw wrongField(check.problems[0].field, check.problems[0].value, check.problems[0].allowed)
      if (!experiments.some((other) => isSameExperiment(other, check.experiment))) experiments.push(check.experiment)
    }
  }
  return {
    experiments,
    table: (runs) => reproductionTable(reproduction, overrides, runs),
    json: (runs) => ({
      reproduction: known,
      overrides,
      cells: reproducedCells(reproduction, overrides, runs),
    }),
  }
}
