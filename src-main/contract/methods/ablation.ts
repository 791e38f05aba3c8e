import type { MethodDescription } from '../methods'
import { denseParts, distribution } from './distribution'

/** The four arms of the ablation. */
export const ablationMethods = {
  dynamic: {
    group: 'ablation',
    title: 'Dynamic pruning',
    paper: 'Mocanu et al. 2018; Evci et al. 2020',
    help: 'The topology moves on the server after every readjustment interval, with any drop and growth criterion.',
    parts: {
      distribution: 'free',
      initialMask: 'random',
      drop: 'free',
      grow: 'free',
      schedule: 'every ΔT rounds, R decayed',
      place: 'server',
      aggregation: 'mean over the clients that have the weight',
    },
    communication:
      '2 O_s, and the new mask down after an update; dense vectors up in update rounds if the criteria need them',
    parameters: [
      ...distribution,
      'readjustmentRatio',
      'readjustmentInterval',
      'rateDecayMethod',
      'rateDecayEnd',
      'dropCriterion',
      'growthCriterion',
      'gradientBatches',
      'aggregationWeights',
    ],
    needsSparsity: true,
  },
  static: {
    group: 'ablation',
    title: 'Static pruning',
    paper: 'Liu et al. 2022',
    help: 'A random mask, drawn before round 0 and never moved.',
    parts: {
      distribution: 'free',
      initialMask: 'random',
      drop: 'none',
      grow: 'none',
      schedule: 'never',
      place: 'none',
      aggregation: 'mean over the clients that have the weight',
    },
    communication: '2 O_s',
    parameters: [...distribution, 'aggregationWeights'],
  },
  none: {
    group: 'ablation',
    title: 'No pruning',
    paper: 'McMahan et al. 2017; Li et al. 2020',
    help: 'The dense network under FedAvg, or FedProx with a coefficient above 0.',
    parts: denseParts,
    communication: '2 O_d',
    parameters: ['aggregationWeights'],
  },
  'small-dense': {
    group: 'ablation',
    title: 'Small dense model',
    paper: 'Evci et al. 2020',
    help: 'A narrower dense network with no more parameters than the sparse one has.',
    parts: denseParts,
    communication: '2 O_d of the narrower network',
    parameters: [...distribution, 'aggregationWeights'],
  },
} as const satisfies Record<string, MethodDescription>
