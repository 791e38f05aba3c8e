import type { ComparedRun } from '../../src-main/contract/comparison'
import { experimentSchema, type ExperimentInput } from '../../src-main/contract/experiment'
import type { RoundRecord } from '../../src-main/contract/records'

/** A round whose accuracy is given; every cost is a round number that a table can be checked against by hand. */
function round(index: number, globalAccuracy: number | null, activeWeights: number): RoundRecord {
  return {
    round: index,
    clients: [3, 1],
    trainLoss: 0.5,
    globalAccuracy,
    globalLoss: globalAccuracy === null ? null : 0.25,
    clientAccuracies: null,
    clientAccuracyModel: 'global',
    activeWeights,
    downloadBytes: 3_000_000,
    uploadBytes: 1_500_000,
    trainingFlops: 2_000_000_000,
    largestClientFlops: 1_200_000_000,
    seconds: 0.5 + index,
  }
}

/** A finished run of three rounds; the middle one was not evaluated. */
export function run(
  input: ExperimentInput,
  accuracies: readonly (number | null)[],
  activeWeights = 1000,
  state: ComparedRun['manifest']['state'] = 'finished',
): ComparedRun {
  const experiment = experimentSchema.parse({ dataset: 'mnist', rounds: 3, ...input })
  return {
    manifest: {
      formatVersion: 1,
      id: `${experiment.method}-${experiment.seed}`,
      experiment,
      state,
      message: '',
      createdAt: '2024-01-01T00:00:00.000Z',
      updatedAt: '2024-01-01T00:00:00.000Z',
      roundsDone: accuracies.length,
      dataSha256: null,
      weightsSha256: null,
      trainer: 'sparse/wasm',
      devices: [],
      summary: {
        model: 'feddst-cnn',
        inputShape: [1, 28, 28],
        classes: 10,
        parameters: 10_100,
        biases: 100,
        prunableWeights: 10_000,
        activeWeights,
        unusedBudget: null,
        denseFlops: 1,
        sparseFlops: 1,
        layers: [],
      },
      versions: {},
    },
    rounds: accuracies.map((accuracy, index) => round(index, accuracy, activeWeights)),
  }
}

/** Two seeds of every arm, and a third of the dynamic one. The best round of an arm is not always its last. */
export const fourArms: readonly ComparedRun[] = [
  run({ method: 'static', seed: 0 }, [0.5, null, 0.7]),
  run({ method: 'static', seed: 1 }, [0.85, null, 0.8]),
  run({ method: 'dynamic', seed: 1 }, [0.6, null, 0.86]),
  run({ method: 'dynamic', seed: 0 }, [0.6, null, 0.74]),
  run({ method: 'dynamic', seed: 2 }, [0.6, null, 0.8]),
  run({ method: 'none', seed: 0 }, [0.8, null, 0.9], 10_000),
  run({ method: 'small-dense', seed: 0 }, [0.3, null, 0.4], 1000, 'paused'),
]
