import type { MethodDescription } from '../methods'
import { dense, distribution } from './distribution'

const fixed = {
  drop: 'none',
  grow: 'none',
  schedule: 'never',
  place: 'server',
  aggregation: 'mean over the clients that have the weight',
} as const
/** Over the whole network by scores; first and last layer may be excluded. */
const overall = ['sparsity', ...dense] as const

/** Masks chosen before round 0 that then stay. A random one is `static`. */
export const fixedMaskMethods = {
  snip: {
    group: 'fixed-mask',
    title: 'SNIP',
    paper: 'Lee et al. 2019',
    help: 'Keeps the largest |w·g| over all layers at the initial weights. Federated: before round 0 every client sends the dense gradient of one batch, and the server takes their mean as g, which is SNIP on the union of the batches. Biases are not ranked, and no layer loses its last weight.',
    parts: { distribution: 'outcome of the scores', initialMask: 'largest |w·g| of one batch', ...fixed },
    parameters: [...overall, 'scoringImages', 'aggregationWeights'],
    communication: 'O_d down and up once, then 2 O_s',
  },
  grasp: {
    group: 'fixed-mask',
    title: 'GraSP',
    paper: 'Wang et al. 2020',
    help: 'Removes the weights with the largest −w·Hg, so that the gradient keeps flowing; logits are divided by 200. Federated: before round 0 every client sends the gradient of a batch with equal classes, the server sends back the mean g, and every client sends its Hessian’s product with g. Hg is a central finite difference of two gradients, with a step so short that hardly any ReLU switches, not an exact double backward.',
    parts: { distribution: 'outcome of the scores', initialMask: 'smallest −w·Hg', ...fixed },
    parameters: [...overall, 'scoringImages', 'aggregationWeights'],
    communication: '3 O_d down and 2 O_d up once, then 2 O_s',
  },
  synflow: {
    group: 'fixed-mask',
    title: 'SynFlow',
    paper: 'Tanaka et al. 2020',
    help: 'Keeps the largest synaptic flow |θ·∂R/∂θ| of the network of absolute values on an input of ones, in many steps of equal ratio (100 unless set). It needs no data: the server computes it from the initial weights in double precision, and clients are asked nothing.',
    parts: { distribution: 'outcome of the scores', initialMask: 'largest synaptic flow, in steps', ...fixed },
    parameters: [...overall, 'scoringSteps', 'aggregationWeights'],
    communication: '2 O_s',
  },
  force: {
    group: 'fixed-mask',
    title: 'FORCE',
    paper: 'de Jorge et al. 2021',
    help: 'SNIP in steps of equal ratio (10 unless set): the gradient is taken on the network pruned so far, and pruned weights compete again with their initial value, so that they may return. Federated: in every step before round 0 each client sends the dense gradient of a fresh batch.',
    parts: { distribution: 'outcome of the scores', initialMask: 'largest |w·g|, in steps, all compete', ...fixed },
    parameters: [...overall, 'scoringImages', 'scoringSteps', 'aggregationWeights'],
    communication: 'O_s down and O_d up in each step, then 2 O_s',
  },
  'iterative-snip': {
    group: 'fixed-mask',
    title: 'Iterative SNIP',
    paper: 'de Jorge et al. 2021',
    help: 'SNIP in steps of equal ratio (10 unless set): only weights that remain compete, on the network pruned so far. Federated: in every step before round 0 each client sends the gradient of a fresh batch for the weights that remain.',
    parts: { distribution: 'outcome of the scores', initialMask: 'largest |w·g|, in steps', ...fixed },
    parameters: [...overall, 'scoringImages', 'scoringSteps', 'aggregationWeights'],
    communication: 'O_s down and values alone up in each step, then 2 O_s',
  },
  'magnitude-init': {
    group: 'fixed-mask',
    title: 'Magnitude at initialisation',
    paper: 'Frankle et al. 2021',
    help: 'Keeps the largest initial weights of each layer. They follow from the seed, so clients are asked nothing.',
    parts: { distribution: 'free', initialMask: 'largest initial |w| of each layer', ...fixed },
    parameters: [...distribution, 'aggregationWeights'],
    communication: '2 O_s',
  },
} as const satisfies Record<string, MethodDescription>
