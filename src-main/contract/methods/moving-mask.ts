import type { MethodDescription } from '../methods'

const mean = 'mean over the clients that have the weight'
const start = ['sparsity', 'layerDistribution'] as const
const constantRate = ['readjustmentRatio', 'readjustmentInterval'] as const
const decayingRate = [...constantRate, 'rateDecayMethod', 'rateDecayEnd'] as const
const gradientCost = '2 O_s, and a dense gradient up in update rounds'

const set = {
  distribution: 'free',
  initialMask: 'random',
  drop: 'magnitude',
  grow: 'random',
  schedule: 'every ΔT rounds, R constant',
  place: 'server',
  aggregation: mean,
} as const

/**
 * Dynamic sparse training with one mask, made for one computer: an update that came after so many steps or epochs comes after
 * so many rounds here, on the averaged model.
 */
export const movingMaskMethods = {
  set: {
    group: 'moving-mask',
    title: 'SET',
    paper: 'Mocanu et al. 2018',
    help: 'After every ΔT rounds but the last, the server drops the share R of smallest magnitude in every layer and grows as many at random; R does not decay. A weight just dropped may grow again at once. The paper takes R = 0.3 and the distribution ER.',
    parts: set,
    parameters: [...start, ...constantRate, 'aggregationWeights'],
    needsSparsity: true,
    communication: '2 O_s, and the new mask down after an update',
  },
  'set-two-sided': {
    group: 'moving-mask',
    title: 'SET, two-sided',
    paper: 'Mocanu et al. 2018',
    help: 'As SET, with the rule of its own code: of the positive and of the negative weights the same share nearest to 0 drops.',
    parts: { ...set, drop: 'nearest to 0 of each sign' },
    parameters: [...start, ...constantRate, 'aggregationWeights'],
    needsSparsity: true,
    communication: '2 O_s, and the new mask down after an update',
  },
  rigl: {
    group: 'moving-mask',
    title: 'RigL',
    paper: 'Evci et al. 2020',
    help: 'The server drops by magnitude and grows where the mean of the clients’ gradients, each of one batch of the trained model, is largest; clients send this dense gradient in update rounds. A weight just dropped may grow again at once and then keeps its value. The update follows the round instead of replacing a step.',
    parts: { ...set, grow: 'gradient of a batch', schedule: 'every ΔT rounds, R decayed' },
    parameters: [...start, ...decayingRate, 'aggregationWeights'],
    needsSparsity: true,
    communication: gradientCost,
  },
  'set-itop': {
    group: 'moving-mask',
    title: 'SET-ITOP',
    paper: 'Liu et al. 2021',
    help: 'SET as its authors study exploration: R falls by a cosine to 0.005 over all rounds; choose ΔT long enough that grown weights can become large, and rounds enough that R_s, the share of weights ever active, is high. The paper takes R = 0.5 and ERK.',
    parts: { ...set, drop: 'free, magnitude in the paper', schedule: 'every ΔT rounds, R falling to 0.005 over all' },
    parameters: [...start, ...constantRate, 'dropCriterion', 'aggregationWeights'],
    needsSparsity: true,
    communication: '2 O_s, and the new mask down after an update; a dense gradient up if the drop criterion needs it',
  },
  'rigl-itop': {
    group: 'moving-mask',
    title: 'RigL-ITOP',
    paper: 'Liu et al. 2021',
    help: 'As SET-ITOP, but weights grow where the mean of the clients’ gradients of a batch is largest; clients send it in update rounds. It tries fewer weights than random growth does, so that ΔT should be longer.',
    parts: {
      ...set,
      drop: 'free, magnitude in the paper',
      grow: 'gradient of a batch',
      schedule: 'every ΔT rounds, R falling to 0.005 over all',
    },
    parameters: [...start, ...constantRate, 'dropCriterion', 'aggregationWeights'],
    needsSparsity: true,
    communication: gradientCost,
  },
} as const satisfies Record<string, MethodDescription>
