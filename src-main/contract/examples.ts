import { experimentSchema, type Experiment } from './experiment'

/** Experiments to start from. `four-arms` is also what the terminal runs where no window can open. */
export const exampleExperiments = {
  /**
   * Real MNIST at S = 0.9; about two minutes for the four arms on two cores. The learning rate is above FedDST's 0.01, with
   * which sparse networks have hardly begun to learn after so few rounds.
   */
  'four-arms': experimentSchema.parse({
    dataset: 'mnist',
    partition: 'dirichlet',
    dirichletConcentration: 0.5,
    minimumSamplesPerClient: 10,
    samplesPerClient: 500,
    totalClients: 20,
    clientsPerRound: 10,
    rounds: 20,
    localEpochs: 1,
    learningRate: 0.05,
    sparsity: 0.9,
    readjustmentRatio: 0.3,
    readjustmentInterval: 2,
  }),
} as const satisfies Record<string, Experiment>

/** Id of the session that comes with the application. */
export const exampleSessionId = 'example-four-arms'
