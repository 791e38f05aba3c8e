import type { MethodDescription } from '../methods'
import { distribution } from './distribution'

const pruned = {
  distribution: 'free by layers, outcome over the network',
  initialMask: 'dense',
  grow: 'none',
  place: 'server',
  aggregation: 'mean',
} as const
const common = [...distribution, 'pruningScope', 'aggregationWeights'] as const
const communication = '2 O_d at first, 2 O_s in the end, and the mask down when it changes'

/** Networks that start dense and are pruned while they train. */
export const gradualMethods = {
  'magnitude-one-shot': {
    group: 'gradual',
    title: 'Magnitude pruning, one shot',
    paper: 'Han et al. 2015',
    help: 'Train, prune, retrain: after the dense rounds (half of all unless set) the server keeps the largest weights of the averaged model at once, and clients go on at a smaller learning rate. Federated: one training of the paper is a number of rounds. Weights are chosen by rank, not by a threshold.',
    parts: { ...pruned, drop: 'magnitude', schedule: 'once' },
    parameters: [...common, 'denseRounds', 'retrainingFactor'],
    communication,
  },
  'magnitude-iterative': {
    group: 'gradual',
    title: 'Magnitude pruning, iterative',
    paper: 'Han et al. 2015',
    help: 'As in one shot, but after the dense rounds (a quarter of all unless set) the server prunes after every readjustment interval until the topology freezes, each time the same share of what remains. The learning rate is smaller from the first pruning on.',
    parts: { ...pruned, drop: 'magnitude', schedule: 'every ΔT rounds, the same share of what remains' },
    parameters: [...common, 'denseRounds', 'retrainingFactor', 'readjustmentInterval', 'rateDecayEnd'],
    communication,
  },
  lth: {
    group: 'gradual',
    title: 'Lottery ticket with rewinding',
    paper: 'Frankle & Carbin 2019; Frankle et al. 2020',
    help: 'A schedule of federated trainings of ΔT rounds each: after each the server prunes the pruning rate of what remains by magnitude (0.2 in the paper) and sets all other weights and biases back to the initial ones, or to those after the rewinding round. The last training lasts until the run ends; only its accuracy is the ticket’s.',
    parts: {
      ...pruned,
      drop: 'magnitude, with rewinding',
      schedule: 'every ΔT rounds, the same share of what remains, down to S',
    },
    parameters: [...common, 'pruningRate', 'rewindRound', 'readjustmentInterval'],
    communication,
  },
  gmp: {
    group: 'gradual',
    title: 'Gradual magnitude pruning (GMP)',
    paper: 'Zhu & Gupta 2017',
    help: 'After the dense rounds (a quarter of all unless set) the sparsity rises by S·(1 − (1 − t/T)³) to S at the round at which the topology freezes; the server prunes the averaged model by magnitude after every readjustment interval. Steps of the paper are rounds here. What is pruned does not come back.',
    parts: { ...pruned, drop: 'magnitude', schedule: 'cubic to S, every ΔT rounds' },
    parameters: [...common, 'denseRounds', 'readjustmentInterval', 'rateDecayEnd', 'decayExponent'],
    communication,
  },
} as const satisfies Record<string, MethodDescription>
