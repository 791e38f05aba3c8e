import { compareRuns, runResult, type ComparedRun } from '../contract/comparison'

/** What `--json` says of one run. */
export function runJson(run: ComparedRun, sessionFolder: string) {
  const { manifest } = run
  const result = runResult(run)
  return {
    session: sessionFolder,
    run: manifest.id,
    state: manifest.state,
    message: manifest.message,
    method: manifest.experiment.method,
    seed: manifest.experiment.seed,
    accuracyKind: result?.accuracyKind ?? null,
    finalAccuracy: result?.finalAccuracy ?? null,
    bestAccuracy: result?.bestAccuracy ?? null,
    finalLoss: result?.finalLoss ?? null,
    rounds: run.rounds.length,
    secondsPerRound: result?.secondsPerRound ?? null,
    activeWeights: result?.activeWeights ?? null,
    prunableWeights: result?.prunableWeights ?? null,
    parameters: result?.parameters ?? null,
    realisedSparsity: result?.realisedSparsity ?? null,
    uploadBytes: result?.uploadBytes ?? null,
    downloadBytes: result?.downloadBytes ?? null,
    trainingFlops: result?.trainingFlops ?? null,
    weightsSha256: manifest.weightsSha256,
    dataSha256: manifest.dataSha256,
    trainer: manifest.trainer,
  }
}

/** What `--json` says of several runs: every run, and the arms over their seeds. */
export function runsJson(runs: readonly ComparedRun[], sessionFolder: string) {
  return {
    session: sessionFolder,
    runs: runs.map((run) => runJson(run, sessionFolder)),
    arms: compareRuns(runs).flatMap(({ arms, accuracyKind }) =>
      arms.map(({ method, spreads, differenceToStatic }) => ({ method, accuracyKind, ...spreads, differenceToStatic })),
    ),
  }
}
