import type { MethodDescription } from '../methods'

/** Published programs with their quirks, so that published numbers can be compared like with like. */
export const publishedCodeMethods = {
  'feddst-official': {
    group: 'federated',
    publishedCode: true,
    title: 'FedDST, as published code',
    paper: 'Bibikar et al. 2022, github.com/bibikar/feddst',
    help: 'What dst.py executes, quirks included: clients move their masks with the undecayed R in rounds 1, 1 + ΔT, …; growth ranks all positions and zeroes what it takes; batches are never shuffled; clients are drawn with replacement; softmax stands before the loss. R falls to 0 at half of the rounds unless told otherwise. Combine with the partition dirichlet-feddst.',
    parts: {
      distribution: "FedDST's own uniform, er or erk",
      initialMask: 'magnitude of the initial weights',
      drop: 'magnitude',
      grow: 'gradient of the last batch, over all positions',
      schedule: 'rounds 1, 1 + ΔT, …; R constant while the gate is open',
      place: 'clients',
      aggregation: 'mean over the clients that have the weight, by batches; server prunes to S',
    },
    parameters: [
      'sparsity',
      'layerDistribution',
      'readjustmentRatio',
      'readjustmentInterval',
      'rateDecayMethod',
      'rateDecayEnd',
      'pruningBegin',
      'pruningInterval',
    ],
    needsSparsity: true,
    isFixedAtZeroRatio: true,
    communication:
      '2 O_s as the published code counts: 32 bits a value, those of round 0 free; a new mask down one bit a weight, up one bit an active weight',
  },
  'seed-code': {
    group: 'federated',
    publishedCode: true,
    title: 'Server-side SET, as published code',
    paper: 'github.com/ailianligit/Pruning-Based-FL, 2023',
    help: "What pruning_fl.py executes: from round 0 the server drops by magnitude down to S + (1 − S)·r and grows at random, r cosine-decayed; FedDST's network, batches and layer counts; R = 0 is its static mask. Optionally the thesis's contribution-weighted mean and restored weights. Combine with the partition dirichlet-feddst.",
    parts: {
      distribution: "FedDST's own uniform, er or erk",
      initialMask: 'magnitude of the initial weights',
      drop: 'magnitude',
      grow: 'random',
      schedule: 'rounds 0, ΔT, 2ΔT, …, R decayed',
      place: 'server',
      aggregation: 'mean by images or by contribution',
    },
    parameters: [
      'sparsity',
      'layerDistribution',
      'readjustmentRatio',
      'readjustmentInterval',
      'rateDecayMethod',
      'rateDecayEnd',
      'regrownWeights',
      'aggregationWeights',
    ],
    isFixedAtZeroRatio: true,
    communication:
      '2 O_s as the published code counts: 32 bits a value, those of round 0 free; the mask down in every round, one bit a weight',
  },
} as const satisfies Record<string, MethodDescription>
