import { z } from 'zod'
import { deviceChoiceSchema } from './devices'
import { methodNames, methods, type MethodDescription, type MethodName } from './methods'

/**
 * The experiment schema: the one description of a run. The form, the command-line flags, the file on disk and the run
 * manifest are all read from it. Every field carries its flag, group and unit as metadata.
 */

export const fieldGroups = ['data', 'model', 'federation', 'optimiser', 'sparsity', 'topology', 'execution'] as const
export type FieldGroup = (typeof fieldGroups)[number]

export interface FieldMetadata {
  /** The long command-line flag without dashes; FedDST's and the seed's name where they have one. */
  readonly flag: string
  readonly group: FieldGroup
  /** Unit of a number: "rounds", "clients", "images"…; empty for a pure number. */
  readonly unit: string
  /** One English sentence for `--help`; the window shows its own translations. */
  readonly help: string
  /** Values that a choice takes beside its options, as examples. */
  readonly alsoAllowed?: string
  /** A paper or section the field follows. */
  readonly source?: string
  /**
   * Where the field matters: for the methods that list it among their parameters, or with these values of another field.
   * Left out: always.
   */
  readonly appliesTo?: 'method' | { readonly field: string; readonly values: readonly string[] }
  /** Values of another field that leave this one without influence. */
  readonly notWith?: { readonly field: string; readonly values: readonly string[] }
}

const fields = z.registry<FieldMetadata>()

function field<Schema extends z.ZodType>(schema: Schema, metadata: FieldMetadata): Schema {
  fields.add(schema, metadata)
  return schema
}

const integer = (minimum: number, maximum: number) => z.number().int().min(minimum).max(maximum)
const real = (minimum: number, maximum: number) => z.number().min(minimum).max(maximum)

export const datasetNames = ['mnist', 'fashion-mnist', 'cifar10'] as const
export type DatasetName = (typeof datasetNames)[number]

export const modelNames = ['feddst-cnn', 'lenet-5', 'lenet-5-caffe', 'lenet-300-100'] as const
export type ModelName = (typeof modelNames)[number]

const partitionNames = [
  'iid',
  'dirichlet',
  'dirichlet-balanced',
  'dirichlet-per-client',
  'dirichlet-feddst',
  'shards',
  'lotteryfl',
  'quantity',
] as const

/** Partitions whose skew the Dirichlet concentration sets. */
export const dirichletPartitions: readonly string[] = [
  'dirichlet',
  'dirichlet-balanced',
  'dirichlet-per-client',
  'dirichlet-feddst',
  'quantity',
]

/** Methods that count bits in a way of their own. */
const ownCounting: readonly MethodName[] = ['feddst-official', 'seed-code', 'spafl']

const experimentFields = {
  dataset: field(z.enum(datasetNames).default('mnist'), {
    flag: 'dataset',
    group: 'data',
    unit: '',
    help: 'Image data set that the clients share out.',
  }),
  partition: field(z.enum(partitionNames).default('iid'), {
    flag: 'distribution',
    group: 'data',
    unit: '',
    help: "How images are shared out: evenly; by a Dirichlet draw per class over clients, balanced in size, per client over classes, or off by one as in FedDST's code; by label shards, LotteryFL's n-class shards, or in unequal quantities.",
    source: 'McMahan et al. 2017; Hsu et al. 2019; Li et al. 2021; Bibikar et al. 2022',
  }),
  dirichletConcentration: field(real(0.001, 1_000_000).default(0.5), {
    flag: 'beta',
    group: 'data',
    unit: '',
    appliesTo: { field: 'partition', values: dirichletPartitions },
    help: 'Concentration β of the Dirichlet draw; smaller is more skewed.',
  }),
  shardsPerClient: field(integer(1, 1000).default(2), {
    flag: 'shards-per-client',
    group: 'data',
    unit: 'shards',
    appliesTo: { field: 'partition', values: ['shards', 'lotteryfl'] },
    help: 'Label-sorted shards dealt to each client; the n-class of LotteryFL.',
    source: 'McMahan et al. 2017; Li et al. 2021',
  }),
  imagesPerShard: field(integer(1, 1_000_000).default(20), {
    flag: 'samples-per-shard',
    group: 'data',
    unit: 'images',
    appliesTo: { field: 'partition', values: ['lotteryfl'] },
    help: 'Training images in a shard.',
    source: 'Li et al. 2021',
  }),
  unbalanceRate: field(real(0, 1).default(1), {
    flag: 'rate-unbalance',
    group: 'data',
    unit: '',
    appliesTo: { field: 'partition', values: ['lotteryfl'] },
    help: 'Part that a client gets of every shard but its first; 1 gives equal classes.',
    source: 'Li et al. 2021',
  }),
  minimumSamplesPerClient: field(integer(0, 1_000_000).default(1), {
    flag: 'min-samples',
    group: 'data',
    unit: 'images',
    appliesTo: { field: 'partition', values: ['dirichlet', 'dirichlet-balanced', 'quantity'] },
    help: 'A Dirichlet draw that leaves a client with fewer images is drawn again.',
  }),
  samplesPerClient: field(integer(0, 1_000_000).default(0), {
    flag: 'samples-per-client',
    group: 'data',
    unit: 'images',
    help: 'At most this many training images per client, in a fixed random order; 0 keeps all.',
  }),
  labelNoise: field(z.enum(['off', 'periodic', 'thesis']).default('off'), {
    flag: 'label-noise',
    group: 'data',
    unit: '',
    help: "Random training labels: in every p-th batch of every client's images, or with the seed's thesis's p by client (1, 1, 2, 2, 2, 5, 5, 5, 10 000, 10 000: of these two the first batch alone).",
  }),
  labelNoisePeriod: field(integer(1, 1_000_000).default(2), {
    flag: 'label-noise-period',
    group: 'data',
    unit: 'batches',
    appliesTo: { field: 'labelNoise', values: ['periodic'] },
    help: 'p: every p-th batch, the first included, has uniformly random labels.',
  }),
  model: field(z.enum(modelNames).default('feddst-cnn'), {
    flag: 'model',
    group: 'model',
    unit: '',
    help: "Network; feddst-cnn is FedDST's CNN for the chosen data set.",
    source: 'Bibikar et al. 2022; LeCun et al. 1998',
  }),
  totalClients: field(integer(1, 100_000).default(20), {
    flag: 'total-clients',
    group: 'federation',
    unit: 'clients',
    help: 'Clients that own data.',
  }),
  clientsPerRound: field(integer(1, 100_000).default(20), {
    flag: 'clients',
    group: 'federation',
    unit: 'clients',
    help: 'Clients drawn, without replacement, for each round.',
  }),
  rounds: field(integer(1, 1_000_000).default(20), {
    flag: 'rounds',
    group: 'federation',
    unit: 'rounds',
    help: 'Communication rounds.',
  }),
  localEpochs: field(integer(1, 10_000).default(1), {
    flag: 'epochs',
    group: 'federation',
    unit: 'epochs',
    help: "Passes over a client's own images in each round.",
  }),
  encoding: field(z.enum(['bitmap', 'dense', 'coordinates', 'csr', 'smallest', 'delta']).default('bitmap'), {
    flag: 'encoding',
    group: 'federation',
    unit: '',
    notWith: { field: 'method', values: ownCounting },
    help: 'How weights and mask are counted on their way. A layer with n weights in r rows of c, m of them active, v bits a value: dense n·v; bitmap n + m·v; coordinates m·⌈log2 n⌉ + m·v; csr m·⌈log2 c⌉ + r·⌈log2 m⌉ + m·v; smallest takes the least of these for each layer; delta sends ⌈log2 n⌉ for each place that changed since the mask before, or a bitmap where that is less. Where the receiver knows the mask only m·v travels, or n·v with dense. Results do not depend on it.',
    source: 'Huang et al. 2025',
  }),
  valueFormat: field(z.enum(['float32', 'float16']).default('float32'), {
    flag: 'value-format',
    group: 'federation',
    unit: '',
    notWith: { field: 'method', values: ownCounting },
    help: 'Bits v of a weight, gradient or momentum on its way: 32 or 16; scores sent before round 0 always have 32. It changes what is counted, not the values: nothing is rounded.',
  }),
  proximalCoefficient: field(real(0, 1000).default(0), {
    flag: 'prox',
    group: 'federation',
    unit: '',
    notWith: { field: 'method', values: ['spafl'] },
    help: 'FedProx coefficient μ; 0 is FedAvg.',
    source: 'Li et al. 2020',
  }),
  serverMomentum: field(real(0, 0.9999).default(0.9), {
    flag: 'server-momentum',
    group: 'federation',
    unit: '',
    appliesTo: 'method',
    help: 'β of the server step: v ← β·v + (θ − mean); θ ← θ − v.',
    source: 'Hsu et al. 2019',
  }),
  batchSize: field(integer(1, 1024).default(32), {
    flag: 'batch-size',
    group: 'optimiser',
    unit: 'images',
    help: 'Images in a mini-batch.',
  }),
  learningRate: field(real(0, 100).default(0.01), {
    flag: 'eta',
    group: 'optimiser',
    unit: '',
    help: 'Learning rate η of the client SGD.',
  }),
  momentum: field(real(0, 0.9999).default(0.9), {
    flag: 'momentum',
    group: 'optimiser',
    unit: '',
    help: 'Momentum of the client SGD, started at zero in every round.',
  }),
  weightDecay: field(real(0, 10).default(0.001), {
    flag: 'l2',
    group: 'optimiser',
    unit: '',
    help: 'L2 coefficient λ: λ·w is added to every gradient, biases included.',
  }),
  method: field(z.enum(methodNames).default('dynamic'), {
    flag: 'method',
    group: 'sparsity',
    unit: '',
    help: 'What decides the topology; espalier methods describes each. dynamic, static, none and small-dense are the four arms.',
  }),
  sparsity: field(real(0, 0.999).default(0.9), {
    flag: 'sparsity',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    notWith: { field: 'layerDistribution', values: ['er-epsilon'] },
    help: 'Share S of the prunable weights that is zero; for small-dense it sets the budget.',
  }),
  layerDistribution: field(z.enum(['uniform', 'er', 'erk', 'er-epsilon', 'erk-feddst']).default('erk'), {
    flag: 'sparsity-distribution',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    notWith: { field: 'pruningScope', values: ['network'] },
    help: "How the sparsity is shared out over layers: the same share of each, denser where layers are small (er, erk), or as in FedDST's code (erk-feddst, nearly uniform). er-epsilon is SET's form: the density follows from ε and the layers' widths, not from S.",
    source: 'Mocanu et al. 2018; Evci et al. 2020; Bibikar et al. 2022',
  }),
  erdosRenyiEpsilon: field(real(0.001, 1_000_000).default(20), {
    flag: 'epsilon',
    group: 'sparsity',
    unit: '',
    appliesTo: { field: 'layerDistribution', values: ['er-epsilon'] },
    help: 'ε of SET: a layer has the density ε·(inputs + outputs)/(inputs·outputs), at most 1.',
    source: 'Mocanu et al. 2018',
  }),
  firstLayer: field(z.enum(['sparse', 'dense']).default('sparse'), {
    flag: 'first-layer',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    help: 'dense keeps all weights of the first layer. uniform and erk-feddst then prune fewer weights; every other choice makes up for them elsewhere.',
    source: 'Evci et al. 2020',
  }),
  lastLayer: field(z.enum(['sparse', 'dense']).default('sparse'), {
    flag: 'last-layer',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    help: 'dense keeps all weights of the classifier, in the same way.',
    source: 'Mocanu et al. 2018; Huang et al. 2025',
  }),
  readjustmentRatio: field(real(0, 0.999).default(0.3), {
    flag: 'readjustment-ratio',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Share R of the active weights replaced at the first topology update.',
  }),
  readjustmentInterval: field(integer(1, 1_000_000).default(2), {
    flag: 'rounds-between-readjustments',
    group: 'topology',
    unit: 'rounds',
    appliesTo: 'method',
    help: 'ΔT: the topology moves after rounds 0, ΔT, 2ΔT, ….',
  }),
  rateDecayMethod: field(z.enum(['cosine', 'constant']).default('cosine'), {
    flag: 'rate-decay-method',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'How R falls over the rounds.',
    source: 'Dettmers & Zettlemoyer 2019; Evci et al. 2020',
  }),
  rateDecayEnd: field(integer(1, 1_000_000).nullable().default(null), {
    flag: 'rate-decay-end',
    group: 'topology',
    unit: 'rounds',
    appliesTo: 'method',
    help: 'Round at which the topology freezes; by default three quarters of the rounds.',
  }),
  dropCriterion: field(
    z.enum(['magnitude', 'signed', 'gradient', 'weight-gradient', 'movement', 'random']).default('magnitude'),
    {
      flag: 'drop',
      group: 'topology',
      unit: '',
      appliesTo: 'method',
      help: 'Which weights drop: the smallest |w|; the same share of each sign, nearest to 0 (signed, SET); the smallest averaged gradient |g|; the smallest |w·g|; those that moved towards 0 in the round (movement); or random ones. gradient and weight-gradient have clients send a dense gradient in update rounds.',
      source: 'Mocanu et al. 2018; Lee et al. 2019; Sanh et al. 2020; Nowak et al. 2023',
    },
  ),
  growthCriterion: field(
    z.enum(['random', 'random-unfired', 'gradient', 'momentum', 'averaged-gradient']).default('random'),
    {
      flag: 'growth',
      group: 'topology',
      unit: '',
      appliesTo: 'method',
      help: 'Where weights grow: at random (SET), at random but never-active ones first (random-unfired), where the averaged client gradient of one batch (gradient, RigL) or of several (averaged-gradient) is largest, or where the dense momentum of local training is (momentum, SNFS). All but the random ones have clients send a dense vector in update rounds.',
      source: 'Mocanu et al. 2018; Dettmers & Zettlemoyer 2019; Liu et al. 2021; Evci et al. 2020',
    },
  ),
  gradientBatches: field(integer(1, 100_000).default(8), {
    flag: 'gradient-batches',
    group: 'topology',
    unit: 'batches',
    appliesTo: { field: 'growthCriterion', values: ['averaged-gradient'] },
    help: "Batches of a client's images in its averaged gradient; at most all that it has.",
  }),
  dropThreshold: field(real(1e-9, 100).default(0.001), {
    flag: 'drop-threshold',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'H at the first update: weights below it drop; it doubles or halves from then on.',
    source: 'Mostafa & Wang 2019',
  }),
  importanceCoefficient: field(real(0, 1_000_000).default(0), {
    flag: 'importance-coefficient',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'λ of the importance |w| + λ·|g|; above 0 clients send a dense gradient in update rounds.',
    source: 'Yuan et al. 2021',
  }),
  initialSparsity: field(real(0, 0.999).default(0), {
    flag: 'initial-sparsity',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    help: 'Sparsity of the first mask of a method that then prunes gradually; at most S. 0 starts dense.',
    source: 'Liu et al. 2021, GraNet',
  }),
  explorationShare: field(real(0, 1).default(0.1), {
    flag: 'exploration-share',
    group: 'sparsity',
    unit: '',
    appliesTo: 'method',
    help: 'M: share of the weights, beside the network itself, that clients hold and train without using them forwards.',
    source: 'Jayakumar et al. 2020',
  }),
  ablationShare: field(real(0, 1).default(0.3), {
    flag: 'ablation-share',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'γ: a neuron with fewer salient weights than this share of the constant fan-in is ablated; 0 keeps all neurons.',
    source: 'Lasby et al. 2024',
  }),
  pruningBegin: field(integer(0, 1_000_000).default(9), {
    flag: 'pruning-begin',
    group: 'topology',
    unit: 'epochs',
    appliesTo: 'method',
    help: 'A client adjusts its mask after those of its own epochs, counted from 0 over all rounds, that equal this modulo the pruning interval.',
    source: 'Bibikar et al. 2022, published code',
  }),
  pruningInterval: field(integer(1, 1_000_000).default(10), {
    flag: 'pruning-interval',
    group: 'topology',
    unit: 'epochs',
    appliesTo: 'method',
    help: 'Period of these epochs; with the defaults and 10 local epochs a client adjusts after its last epoch of a round.',
    source: 'Bibikar et al. 2022, published code',
  }),
  regrownWeights: field(z.enum(['zero', 'restored']).default('zero'), {
    flag: 'regrown-weights',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: "What a grown weight starts from: 0 (the seed's code) or the value that it had last (the thesis).",
  }),
  aggregationWeights: field(z.enum(['samples', 'contribution']).default('samples'), {
    flag: 'aggregation-weights',
    group: 'federation',
    unit: '',
    appliesTo: 'method',
    help: 'How clients weigh in the mean: by their images, or by how well their updates agree with the mean update (the thesis).',
  }),
  updateScale: field(real(0.001, 1000).default(1), {
    flag: 'Gamma',
    group: 'federation',
    unit: '',
    appliesTo: { field: 'aggregationWeights', values: ['contribution'] },
    help: 'Γ: factor of the mean update.',
  }),
  contributionTradeoff: field(real(0, 1).default(0.5), {
    flag: 'tradeoff',
    group: 'federation',
    unit: '',
    appliesTo: { field: 'aggregationWeights', values: ['contribution'] },
    help: 'How much of a reputation is kept in round 0; 1 keeps it for ever.',
  }),
  decayExponent: field(real(0.01, 20).default(3), {
    flag: 'decay-exponent',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Power of a polynomial schedule over the rounds.',
    source: 'Zhu & Gupta 2017; Stripelis et al. 2022',
  }),
  epochsAfterGrowth: field(integer(0, 10_000).default(1), {
    flag: 'epochs-after-growth',
    group: 'topology',
    unit: 'epochs',
    appliesTo: 'method',
    help: 'Local epochs that a client still trains after it has moved its topology; at most all.',
    source: 'Bibikar et al. 2022',
  }),
  denseRounds: field(integer(1, 1_000_000).nullable().default(null), {
    flag: 'dense-rounds',
    group: 'topology',
    unit: 'rounds',
    appliesTo: 'method',
    help: 'Rounds that train the dense network before the first pruning; by default half of all for magnitude-one-shot, else a quarter.',
    source: 'Han et al. 2015; Zhu & Gupta 2017',
  }),
  pruningScope: field(z.enum(['layer', 'network']).default('layer'), {
    flag: 'pruning-scope',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Where magnitudes are compared: within each layer, which gets the share that the layer distribution gives it, or over the whole network.',
  }),
  retrainingFactor: field(real(0.0001, 10).default(0.1), {
    flag: 'retraining-factor',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Factor of the learning rate after the first pruning; a tenth in the paper.',
    source: 'Han et al. 2015',
  }),
  rewindRound: field(integer(0, 1_000_000).default(0), {
    flag: 'rewind-round',
    group: 'topology',
    unit: 'rounds',
    appliesTo: 'method',
    help: 'Dense rounds after which the weights are kept to be rewound to; 0 rewinds to the initial weights.',
    source: 'Frankle et al. 2020',
  }),
  scoringImages: field(integer(1, 1_000_000).default(100), {
    flag: 'scoring-images',
    group: 'topology',
    unit: 'images',
    appliesTo: 'method',
    help: 'Images of its own on which a client computes scores before round 0; at most all it has.',
    source: 'Lee et al. 2019; Wang et al. 2020',
  }),
  scoringSteps: field(integer(1, 1000).nullable().default(null), {
    flag: 'scoring-steps',
    group: 'topology',
    unit: 'steps',
    appliesTo: 'method',
    help: 'Steps in which the density falls before round 0; by default 100 for synflow, else 10.',
    source: 'Tanaka et al. 2020; de Jorge et al. 2021',
  }),
  pruningRate: field(real(0.001, 0.999).default(0.1), {
    flag: 'pruning-rate',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Share of the remaining weights pruned at a time: by a client (lotteryfl), or by the server after a training (lth).',
    source: 'Li et al. 2021; Frankle & Carbin 2019',
  }),
  accuracyThreshold: field(real(0, 1).default(0.2), {
    flag: 'accuracy-threshold',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'A client prunes only when the model it received reaches this accuracy on its training images.',
    source: 'Li et al. 2021',
  }),
  warmUpShare: field(real(0, 1).default(0.05), {
    flag: 'warm-up-share',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Share of the clients that train before round 0 to find the densities of the layers; at least one.',
    source: 'Babakniya et al. 2023',
  }),
  warmUpEpochs: field(integer(1, 10_000).default(10), {
    flag: 'warm-up-epochs',
    group: 'topology',
    unit: 'epochs',
    appliesTo: 'method',
    help: 'Epochs of that training.',
    source: 'Babakniya et al. 2023',
  }),
  extrusionCoefficient: field(real(0, 100).default(0.01), {
    flag: 'extrusion-coefficient',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'λ of the penalty λ·Σw² on the weights about to be dropped.',
    source: 'Huang et al. 2024',
  }),
  conflictShare: field(real(0, 1).default(0.01), {
    flag: 'conflict-share',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Share of the dropped weights taken from those that move against the global direction.',
    source: 'FedSGC 2024',
  }),
  agreementShare: field(real(0, 1).default(0.1), {
    flag: 'agreement-share',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'Share of the grown weights taken from those whose gradient agrees with the global direction.',
    source: 'FedSGC 2024',
  }),
  banditBlend: field(real(0, 1).default(0.5), {
    flag: 'bandit-blend',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'γ: weight of the averaged model against the single clients in what the posteriors learn from.',
    source: 'Huang et al. 2025',
  }),
  banditStep: field(real(0.001, 1000).default(10), {
    flag: 'bandit-step',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'λ: how much one round adds to the Beta posteriors.',
    source: 'Huang et al. 2025',
  }),
  powerpropExponent: field(real(1, 4).default(1.25), {
    flag: 'powerprop-exponent',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'a of the effective weights v·|v|^(a − 1); 1 is plain training.',
    source: 'Schwarz et al. 2021; Guastella et al. 2025',
  }),
  thresholdCoefficient: field(real(0, 100).default(0.002), {
    flag: 'threshold-coefficient',
    group: 'topology',
    unit: '',
    appliesTo: 'method',
    help: 'α of the penalty α·Σexp(−τ) that raises the thresholds; larger is sparser.',
    source: 'Kim et al. 2024',
  }),
  evaluationInterval: field(integer(1, 1_000_000).default(1), {
    flag: 'eval-every',
    group: 'execution',
    unit: 'rounds',
    help: 'Test accuracy is measured every so many rounds and after the last.',
  }),
  seed: field(integer(0, 4_294_967_295).default(0), {
    flag: 'seed',
    group: 'execution',
    unit: '',
    help: 'Seed of every random stream: weights, mask, partition, client sampling, batches, growth.',
  }),
  device: field(deviceChoiceSchema.default('auto'), {
    flag: 'device',
    group: 'execution',
    unit: '',
    alsoAllowed: 'cuda:0, cuda:1, …',
    help: 'Where to train: cpu is the sparse trainer, the others are TensorFlow.js on a card or a library; auto is the fastest measured one (espalier devices lists them).',
  }),
  clientsAtOnce: field(integer(1, 256).default(8), {
    flag: 'clients-at-once',
    group: 'execution',
    unit: 'clients',
    help: 'Clients that a device other than cpu trains as one batch, where its memory allows; 1 trains them one after the other.',
  }),
}

const experimentObject = z.strictObject(experimentFields)
export type Experiment = z.output<typeof experimentObject>
export type ExperimentField = keyof Experiment

/** Input with the defaults of its method put in, where that names any. What is not even an object is left to the schema. */
function withMethodDefaults(input: unknown): unknown {
  if (typeof input !== 'object' || input === null || !('method' in input)) return input
  return { ...methodDefaults(input.method), ...input }
}

/** What fields left out are for this method, where that is not what they are for the others. */
export function methodDefaults(method: unknown): Readonly<Record<string, number>> {
  const name = methodNames.find((known) => known === method)
  return name === undefined ? {} : (methods[name].defaults ?? {})
}

/** The schema with its cross-field rules. Input may leave fields out; output is complete. */
export const experimentSchema = z
  .preprocess(withMethodDefaults, experimentObject)
  .superRefine((experiment, context) => {
    const issue = (path: ExperimentField, message: string) => {
      context.addIssue({ code: 'custom', path: [path], message, input: experiment[path] })
    }
    if (experiment.clientsPerRound > experiment.totalClients) {
      issue('clientsPerRound', `at most totalClients (${String(experiment.totalClients)})`)
    }
    if (experiment.rateDecayEnd !== null && experiment.rateDecayEnd > experiment.rounds) {
      issue('rateDecayEnd', `at most rounds (${String(experiment.rounds)})`)
    }
    const parameters: readonly ExperimentField[] = methods[experiment.method].parameters
    const uses = (name: ExperimentField) => parameters.includes(name)
    const lastToPrune = uses('rateDecayEnd') ? topologyEnd(experiment) : experiment.rounds
    if (uses('denseRounds') && experiment.denseRounds !== null && experiment.denseRounds >= lastToPrune) {
      issue('denseRounds', `below ${lastToPrune}, so that the pruned network still trains`)
    }
    if (uses('rewindRound') && experiment.rewindRound >= experiment.rounds) {
      issue('rewindRound', `below rounds (${experiment.rounds})`)
    }
    const methodDoes: MethodDescription = methods[experiment.method]
    if (methodDoes.publishedCode === true && experiment.layerDistribution === 'er-epsilon') {
      issue('layerDistribution', `uniform, er or erk with the method ${experiment.method}`)
    }
    if (experiment.method === 'fedprox' && experiment.proximalCoefficient === 0) {
      issue('proximalCoefficient', 'above 0 for the method fedprox: with 0 it is FedAvg, the method none')
    }
    if (
      methodDoes.needsSparsity === true &&
      experiment.sparsity === 0 &&
      experiment.layerDistribution !== 'er-epsilon'
    ) {
      issue('sparsity', `above 0 for the method ${experiment.method}: a dense network has nowhere to grow`)
    }
  })

/** Why a field has no influence on an experiment. */
export type Inapplicable =
  | { readonly kind: 'method'; readonly method: MethodName }
  | { readonly kind: 'field'; readonly field: ExperimentField; readonly values: readonly string[] }

/** Why a field has no influence with these values of the choices, or null when it has. */
export function whyInapplicable(
  name: ExperimentField,
  choices: Readonly<Partial<Record<ExperimentField, string | number | null>>>,
): Inapplicable | null {
  const { appliesTo, notWith } = fieldMetadata(name)
  if (appliesTo === 'method') {
    const method = methodNames.find((known) => known === choices.method)
    const parameters: readonly ExperimentField[] | null = method === undefined ? null : methods[method].parameters
    if (method !== undefined && parameters?.includes(name) === false) return { kind: 'method', method }
  } else if (appliesTo !== undefined) {
    const field = appliesTo.field as ExperimentField
    const why = whyInapplicable(field, choices)
    if (why !== null) return why
    if (!appliesTo.values.includes(String(choices[field] ?? '')))
      return { kind: 'field', field, values: appliesTo.values }
  }
  if (notWith?.field === 'method') {
    const method = methodNames.find((known) => known === choices.method)
    if (method !== undefined && notWith.values.includes(method)) return { kind: 'method', method }
  } else if (notWith !== undefined) {
    const field = notWith.field as ExperimentField
    const shape = fieldShape(field)
    if (notWith.values.includes(String(choices[field] ?? '')) && whyInapplicable(field, choices) === null) {
      const options = shape.kind === 'choice' ? shape.options : []
      return { kind: 'field', field, values: options.filter((option) => !notWith.values.includes(option)) }
    }
  }
  return null
}

export type ExperimentInput = z.input<typeof experimentObject>

/** Field names in the order of the form, `--help` and the documentation. */
export const experimentFieldNames = Object.keys(experimentFields) as ExperimentField[]

/** Schema of one field, with its default. */
export function fieldSchema(name: ExperimentField): z.ZodType {
  return experimentFields[name]
}

/** Flag, group, unit and help of one field. */
export function fieldMetadata(name: ExperimentField): FieldMetadata {
  const metadata = fields.get(experimentFields[name])
  if (metadata === undefined) throw new Error(`field ${name} has no metadata`)
  return metadata
}

export type FieldShape =
  | { readonly kind: 'choice'; readonly options: readonly string[]; readonly default: string }
  | {
      readonly kind: 'number'
      readonly integer: boolean
      readonly minimum: number
      readonly maximum: number
      /** Null stands for "chosen from the other fields". */
      readonly default: number | null
      readonly nullable: boolean
    }

const shapes = new Map<ExperimentField, FieldShape>()

/** What a form control or a flag parser needs to know of one field, read from its schema once. */
export function fieldShape(name: ExperimentField): FieldShape {
  const known = shapes.get(name) ?? shapeOf(name)
  shapes.set(name, known)
  return known
}

function shapeOf(name: ExperimentField): FieldShape {
  const json = z.toJSONSchema(experimentFields[name], { io: 'input' }) as {
    enum?: string[]
    type?: string
    minimum?: number
    maximum?: number
    default?: string | number | null
    anyOf?: { enum?: string[]; type?: string; minimum?: number; maximum?: number }[]
  }
  const options = json.enum ?? json.anyOf?.find((option) => option.enum !== undefined)?.enum
  if (options !== undefined) return { kind: 'choice', options, default: String(json.default) }
  const number = json.anyOf?.find((option) => option.type !== 'null') ?? json
  return {
    kind: 'number',
    integer: number.type === 'integer',
    minimum: number.minimum ?? Number.NEGATIVE_INFINITY,
    maximum: number.maximum ?? Number.POSITIVE_INFINITY,
    default: typeof json.default === 'number' ? json.default : null,
    nullable: json.anyOf !== undefined,
  }
}

/** The complete default experiment. */
export function defaultExperiment(): Experiment {
  return experimentSchema.parse({})
}

/** The round at which the topology freezes: `rateDecayEnd`, or ⌊3·rounds/4⌋ as in the seed. */
export function topologyEnd(experiment: Pick<Experiment, 'rounds' | 'rateDecayEnd'>): number {
  return experiment.rateDecayEnd ?? Math.floor((3 * experiment.rounds) / 4)
}

/** One field that does not fit, in words. */
export interface FieldProblem {
  readonly field: string
  readonly value: unknown
  readonly allowed: string
}

export type ExperimentCheck =
  | { readonly ok: true; readonly experiment: Experiment }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }

/** Checks untrusted input; every problem names the field, the value and what is allowed. */
export function checkExperiment(input: unknown): ExperimentCheck {
  const result = experimentSchema.safeParse(input)
  if (result.success) return { ok: true, experiment: result.data }
  const problems = result.error.issues.flatMap((issue): FieldProblem[] => {
    if (issue.code === 'unrecognized_keys') {
      return issue.keys.map((key) => ({
        field: key,
        value: (input as Record<string, unknown>)[key],
        allowed: `one of ${experimentFieldNames.join(', ')}`,
      }))
    }
    const field = issue.path.join('.')
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    )
    // A cross-field rule says more than the range does.
    const allowed = issue.code === 'custom' ? issue.message : allowedText(field, issue.message)
    return [{ field: field === '' ? 'experiment' : field, value, allowed }]
  })
  return { ok: false, problems }
}

function allowedText(name: string, message: string): string {
  if (!(name in experimentFields)) return message
  const shape = fieldShape(name as ExperimentField)
  if (shape.kind === 'choice') {
    const { alsoAllowed } = fieldMetadata(name as ExperimentField)
    return `one of ${[...shape.options, ...(alsoAllowed === undefined ? [] : [alsoAllowed])].join(', ')}`
  }
  const kind = shape.integer ? 'a whole number' : 'a number'
  return `${kind} from ${String(shape.minimum)} to ${String(shape.maximum)}`
}

/** Beyond this a message helps nobody. */
const longestValue = 200

/** A value as a message shows it: as JSON where it has one, and never long. */
export function valueText(value: unknown): string {
  try {
    const json = JSON.stringify(value) as string | undefined
    return shortened(json ?? typeof value)
  } catch {
    // BigInt, a circle, or too deep.
    return typeof value === 'bigint' ? shortened(`${value}n`) : `a ${typeof value}`
  }
}

function shortened(text: string): string {
  return text.length <= longestValue ? text : `${text.slice(0, longestValue)}…`
}

/** One line: field, value, allowed. */
export function problemText(problem: FieldProblem): string {
  const value = problem.value === undefined ? 'missing' : valueText(problem.value)
  return `${shortened(problem.field)}: ${value} is not allowed; allowed: ${problem.allowed}`
}
