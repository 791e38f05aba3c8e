import { accuracyKind, accuracyOf, type AccuracyKind } from './accuracy'
import type { Experiment } from './experiment'
import { methodNames, type MethodName } from './methods'
import type { RoundRecord, RunManifest } from './records'
import { pairedDifferences, spread, type Spread } from './statistics'

/**
 * The comparison of the arms, for the window and for the tables alike. Runs that agree in everything but method and seed
 * form a group; within it an arm is summed up over its seeds, and paired with the static arm seed by seed.
 */

export interface ComparedRun {
  readonly manifest: RunManifest
  readonly rounds: readonly RoundRecord[]
}

export interface RunResult {
  readonly runId: string
  readonly method: MethodName
  readonly seed: number
  readonly finished: boolean
  readonly roundsDone: number
  readonly accuracyKind: AccuracyKind
  /** Test accuracy of the last evaluated round, of the kind said. */
  readonly finalAccuracy: number
  /** Highest test accuracy of any evaluated round. */
  readonly bestAccuracy: number
  readonly finalLoss: number
  /** 1 − active / prunable weights of the network that was trained. */
  readonly realisedSparsity: number
  readonly activeWeights: number
  readonly prunableWeights: number
  readonly parameters: number
  /** Totals over all rounds and clients. */
  readonly uploadBytes: number
  readonly downloadBytes: number
  /** Theoretical. */
  readonly trainingFlops: number
  readonly secondsPerRound: number
}

/** What is summed up over seeds. */
export const measures = [
  'finalAccuracy',
  'bestAccuracy',
  'realisedSparsity',
  'activeWeights',
  'parameters',
  'uploadBytes',
  'downloadBytes',
  'trainingFlops',
  'secondsPerRound',
] as const satisfies readonly (keyof RunResult)[]
export type Measure = (typeof measures)[number]

export interface ArmComparison {
  readonly method: MethodName
  /** In order of seed. */
  readonly results: readonly RunResult[]
  readonly spreads: Readonly<Record<Measure, Spread>>
  /** Final accuracy minus that of the static arm with the same seed after as many rounds; null where nothing pairs. */
  readonly differenceToStatic: Spread | null
  /** Whether every run of the arm has finished. */
  readonly finished: boolean
}

export interface ComparisonGroup {
  /** The first run's experiment; the others differ from it in method and seed alone. */
  readonly setting: Experiment
  /** By which all its arms are judged: methods of different kinds stand in different groups. */
  readonly accuracyKind: AccuracyKind
  /** In the order of `methodNames`; arms without an evaluated round are left out. */
  readonly arms: readonly ArmComparison[]
}

/** Outcome of one run; null before its first evaluated round. */
export function runResult({ manifest, rounds }: ComparedRun): RunResult | null {
  const evaluated = rounds.filter((round) => accuracyOf(round) !== null)
  const last = evaluated.at(-1)
  if (last === undefined || manifest.summary === null) return null
  const total = (of: (round: RoundRecord) => number) => rounds.reduce((sum, round) => sum + of(round), 0)
  const { activeWeights } = rounds[rounds.length - 1]
  const { prunableWeights, parameters } = manifest.summary
  return {
    runId: manifest.id,
    method: manifest.experiment.method,
    seed: manifest.experiment.seed,
    finished: manifest.state === 'finished',
    roundsDone: rounds.length,
    accuracyKind: accuracyKind(manifest.experiment),
    finalAccuracy: accuracyOf(last) ?? 0,
    bestAccuracy: Math.max(...evaluated.map((round) => accuracyOf(round) ?? 0)),
    finalLoss: last.globalLoss ?? Number.NaN,
    realisedSparsity: 1 - activeWeights / prunableWeights,
    activeWeights,
    prunableWeights,
    parameters,
    uploadBytes: total((round) => round.uploadBytes),
    downloadBytes: total((round) => round.downloadBytes),
    trainingFlops: total((round) => round.trainingFlops),
    secondsPerRound: total((round) => round.seconds) / rounds.length,
  }
}

/** Groups runs by their common setting and sums up every arm; groups keep the order of their first run. */
export function compareRuns(runs: readonly ComparedRun[]): ComparisonGroup[] {
  const groups = new Map<string, { setting: ComparisonGroup['setting']; results: RunResult[] }>()
  for (const run of runs) {
    const result = runResult(run)
    if (result === null) continue
    const setting = run.manifest.experiment
    const key = JSON.stringify({ ...setting, method: accuracyKind(setting), seed: null })
    const group = groups.get(key)
    if (group === undefined) groups.set(key, { setting, results: [result] })
    else group.results.push(result)
  }
  return [...groups.values()].map(({ setting, results }) => ({
    setting,
    accuracyKind: accuracyKind(setting),
    arms: methodNames.flatMap((method) => {
      const own = results.filter((result) => result.method === method).sort((a, b) => a.seed - b.seed)
      return own.length === 0 ? [] : [armComparison(method, own, results)]
    }),
  }))
}

function armComparison(method: MethodName, results: readonly RunResult[], all: readonly RunResult[]): ArmComparison {
  const reference = method === 'static' ? [] : all.filter((result) => result.method === 'static')
  const differences = pairedDifferences(finalAccuracies(results), finalAccuracies(reference))
  return {
    method,
    results,
    spreads: Object.fromEntries(
      measures.map((measure) => [measure, spread(results.map((result) => result[measure]))]),
    ) as Record<Measure, Spread>,
    differenceToStatic: differences.length === 0 ? null : spread(differences),
    finished: results.every((result) => result.finished),
  }
}

/** By what pairs: the seed, and the rounds done. */
function finalAccuracies(results: readonly RunResult[]): ReadonlyMap<string, number> {
  return new Map(results.map(({ seed, roundsDone, finalAccuracy }) => [`${seed} ${roundsDone}`, finalAccuracy]))
}
