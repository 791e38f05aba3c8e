import type { ComparedRun } from '../../src-main/contract/comparison'
import { experimentSchema, type ExperimentInput } from '../../src-main/contract/experiment'
import type { RoundRecord } from '../../src-main/contract/records'

/** A round of 1 000 bytes up, 2 000 down, 3e9 FLOPs and half a second. */
function roundRecord(round: number, globalAccuracy: number | null): RoundRecord {
  return {
    round,
    clients: [0, 1],
    trainLoss: 1,
    globalAccuracy,
    globalLoss: globalAccuracy === null ? null : 1 - globalAccuracy,
    clientAccuracies: null,
    clientAccuracyModel: 'global',
    activeWeights: 250,
    downloadBytes: 2000,
    uploadBytes: 1000,
    trainingFlops: 3e9,
    largestClientFlops: 2e9,
    seconds: 0.5,
  }
}

/** A finished run of 1 000 prunable weights, 250 of them active, with these accuracies. */
export function finishedRun(experiment: ExperimentInput, accuracies: readonly (number | null)[]): ComparedRun {
  const checked = experimentSchema.parse(experiment)
  return {
    manifest: {
      formatVersion: 1,
      id: `${checked.method}-${checked.seed}`,
      experiment: checked,
      state: 'finished',
      message: '',
      createdAt: '2026-01-01T00:00:00.000Z',
      updatedAt: '2026-01-01T00:00:00.000Z',
      roundsDone: accuracies.length,
      dataSha256: null,
      weightsSha256: null,
      trainer: 'sparse/wasm',
      devices: [],
      summary: {
        model: 'feddst-cnn',
        inputShape: [1, 28, 28],
        classes: 10,
        parameters: 1010,
        biases: 10,
        prunableWeights: 1000,
        activeWeights: 250,
        unusedBudget: null,
        denseFlops: 2000,
        sparseFlops: 500,
        layers: [],
      },
      versions: {},
    },
    rounds: accuracies.map((accuracy, round) => roundRecord(round, accuracy)),
  }
}
