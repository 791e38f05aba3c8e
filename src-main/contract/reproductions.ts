import { accuracyOf, localAccuracy } from './accuracy'
import type { ComparedRun } from './comparison'
import { experimentSchema, type Experiment } from './experiment'
import type { RoundRecord } from './records'
import type { Template } from './template'

/**
 * Published grids with their numbers, to be run again under the published protocol (or a shortened one) and laid beside
 * what was printed. The seed note's tables print a mean over late rounds, five decimals of a 10 000-image test set: its last
 * ten rounds. Two of its tables repeat each other, which is all that is known of how far single runs scatter.
 */
export interface Reproduction extends Template {
  readonly title: string
  /** Who printed the numbers and where. */
  readonly source: string
  /** How one number comes out of a run, in words. */
  readonly measureText: string
  readonly measure: ReproducedMeasure
  readonly cells: readonly PublishedCell[]
  /** What the source says without numbers of its own for each cell, and what it leaves open. */
  readonly remarks: readonly string[]
}

/** A cell of a published table. */
export interface PublishedCell {
  readonly row: string
  readonly column: string
  /** What tells its experiment from the reproduction's. */
  readonly changes: Partial<Experiment>
  /** Printed accuracies, one for each run of its own; empty where none was printed. */
  readonly published: readonly number[]
  /** Standard deviation of single runs as far as it is known. */
  readonly publishedDeviation: number | null
  /** The cell of the same row that differences refer to; null for that cell itself. */
  readonly reference: string | null
  /** Upload cap in multiples of what the reproduction's cheapest arm sends in all; null without a cap. */
  readonly capFactor: number | null
}

type ReproducedMeasure = 'late-rounds' | 'best-under-cap'

const lateRounds = 10

/** Setting of every table of the seed note and the thesis. */
const seedProtocol = experimentSchema.parse({
  dataset: 'cifar10',
  partition: 'dirichlet-feddst',
  model: 'feddst-cnn',
  totalClients: 10,
  clientsPerRound: 10,
  rounds: 200,
  localEpochs: 10,
  batchSize: 32,
  learningRate: 0.01,
  momentum: 0.9,
  weightDecay: 0.001,
  method: 'seed-code',
  sparsity: 0.5,
  layerDistribution: 'erk',
  readjustmentRatio: 0.5,
  readjustmentInterval: 10,
})

interface PublishedRow {
  readonly row: string
  readonly changes: Partial<Experiment>
  /** Per-run deviation from the repeated ratio tables. */
  readonly deviation: number
}

const seedRows = [
  { row: 'β = 0.1', changes: { dirichletConcentration: 0.1 }, deviation: 0.042 },
  { row: 'β = 0.5', changes: { dirichletConcentration: 0.5 }, deviation: 0.012 },
  { row: 'iid', changes: { partition: 'iid', dirichletConcentration: 0.1 }, deviation: 0.0075 },
] as const satisfies readonly PublishedRow[]
const seedPartitions = [
  { field: 'partition', values: ['dirichlet-feddst', 'iid'] },
  { field: 'dirichletConcentration', values: [0.1, 0.5] },
] as const
const seeds = [0, 1, 2]
const never = 'static'

function grid(
  rows: readonly PublishedRow[],
  columns: readonly { readonly column: string; readonly changes: Partial<Experiment> }[],
  published: readonly (readonly (readonly number[])[])[],
): PublishedCell[] {
  return rows.flatMap(({ row, changes, deviation }, at) =>
    columns.map((column, place) => ({
      row,
      column: column.column,
      changes: { ...changes, ...column.changes },
      published: published[at][place],
      publishedDeviation: deviation,
      reference: column.column === never ? null : never,
      capFactor: null,
    })),
  )
}

const ratios = [0.01, 0.1, 0.3, 0.5, 0.7, 0.9]
const intervals = [1, 4, 7, 10, 20, 50]

const late = {
  measure: 'late-rounds',
  measureText: `test accuracy, mean of the last ${lateRounds} evaluated rounds`,
} as const

const thesisArms = [
  { row: 'small dense', changes: { method: 'small-dense', readjustmentRatio: 0 }, published: [0.58029, 0.58925] },
  { row: 'static', changes: { readjustmentRatio: 0 }, published: [0.56407, 0.57677] },
  { row: 'dynamic', changes: { readjustmentRatio: 0.1 }, published: [0.60581, 0.61864] },
] as const
const thesisWeights = [
  { column: 'weighted by data', aggregationWeights: 'samples' },
  { column: 'weighted by contribution', aggregationWeights: 'contribution' },
] as const

const fedDstArms = [
  { row: 'FedAvgM', changes: { method: 'fedavgm', readjustmentRatio: 0 } },
  { row: 'RandomMask', changes: { method: 'feddst-official', readjustmentRatio: 0 } },
  { row: 'FedDST, as published code', changes: { method: 'feddst-official' } },
  { row: 'FedDST, as in the paper', changes: { method: 'feddst' } },
] as const
const caps = [
  { column: 'same upload', capFactor: 1 },
  { column: 'twice the upload', capFactor: 2 },
] as const

export const reproductions = {
  'seed-ratio': {
    ...late,
    title: 'Readjustment ratio R under three partitions, S = 0.5',
    source: 'seed note, first and second ratio table (two runs for a cell; the static column is one run)',
    experiment: seedProtocol,
    axes: [...seedPartitions, { field: 'readjustmentRatio', values: [0, ...ratios] }],
    withStatic: false,
    seeds,
    cells: grid(
      seedRows,
      [0, ...ratios].map((ratio) => ({
        column: ratio === 0 ? never : `R = ${ratio}`,
        changes: { readjustmentRatio: ratio },
      })),
      [
        [
          [0.52653],
          [0.438265, 0.44886],
          [0.44275, 0.49334],
          [0.40205, 0.53636],
          [0.4853, 0.47661],
          [0.428515, 0.45227],
          [0.416295, 0.42387],
        ],
        [
          [0.61985],
          [0.62811, 0.60639],
          [0.61379, 0.62149],
          [0.60474, 0.62391],
          [0.60608, 0.62862],
          [0.61489, 0.62361],
          [0.61472, 0.5961],
        ],
        [
          [0.66816],
          [0.65834, 0.66017],
          [0.65589, 0.66177],
          [0.64009, 0.65668],
          [0.66126, 0.6482],
          [0.66066, 0.64705],
          [0.65725, 0.65354],
        ],
      ],
    ),
    remarks: [
      'ΔT is not printed; 10 rounds is the default of the published code.',
      'At S = 0.5 nearly every weight is tried under any of these schedules, so little difference is to be expected.',
    ],
  },
  'seed-interval': {
    ...late,
    title: 'Readjustment interval ΔT under three partitions, S = 0.5',
    source: 'seed note, interval table (one run for a cell)',
    experiment: seedProtocol,
    axes: [...seedPartitions, { field: 'readjustmentInterval', values: intervals }],
    withStatic: true,
    seeds,
    cells: grid(
      seedRows,
      [
        { column: never, changes: { readjustmentRatio: 0 } },
        ...intervals.map((interval) => ({
          column: `ΔT = ${interval}`,
          changes: { readjustmentInterval: interval },
        })),
      ],
      [
        [[0.52653], [0.50688], [0.44976], [0.50123], [0.42935], [0.48242], [0.44115]],
        [[0.61985], [0.60612], [0.58966], [0.62455], [0.63958], [0.60875], [0.58828]],
        [[0.66816], [0.63779], [0.65832], [0.66487], [0.64539], [0.65741], [0.64983]],
      ],
    ),
    remarks: ['R is not printed; 0.5 is the default of the published code.'],
  },
  'thesis-ablation': {
    ...late,
    title: 'Small dense, static and dynamic at S = 0.9, two ways of averaging',
    source: 'thesis, ablation at β = 0.5 (one number for a cell; R = 0.1 in the dynamic arm)',
    experiment: {
      ...seedProtocol,
      sparsity: 0.9,
      dirichletConcentration: 0.5,
      readjustmentRatio: 0.1,
      readjustmentInterval: 6,
    },
    axes: [
      { field: 'method', values: ['small-dense', 'seed-code'] },
      { field: 'readjustmentRatio', values: [0, 0.1] },
      { field: 'aggregationWeights', values: ['samples', 'contribution'] },
    ],
    withStatic: false,
    seeds,
    cells: thesisWeights.flatMap(({ column, aggregationWeights }, place) =>
      thesisArms.map(({ row, changes, published }) => ({
        row: column,
        column: row,
        changes: { ...changes, aggregationWeights },
        published: [published[place]],
        publishedDeviation: null,
        reference: row === never ? null : never,
        capFactor: null,
      })),
    ),
    remarks: [
      'ΔT of the dynamic arm is not printed; 6 rounds did best with R = 0.1 in the same thesis.',
      'The networks of its small dense arm (78 368 and 156 736 parameters) are not described; here the same network is made narrower.',
    ],
  },
  'feddst-cifar10': {
    measure: 'best-under-cap',
    measureText: "best mean accuracy of the global model on the clients' own test images before the upload cap",
    title: 'FedDST against FedAvgM under an upload cap, two classes for each of 400 clients',
    source: 'Bibikar et al. 2022, text; its tables could not be had',
    experiment: experimentSchema.parse({
      dataset: 'cifar10',
      partition: 'lotteryfl',
      shardsPerClient: 2,
      imagesPerShard: 20,
      model: 'feddst-cnn',
      totalClients: 400,
      clientsPerRound: 20,
      rounds: 400,
      localEpochs: 10,
      learningRate: 0.01,
      weightDecay: 0.001,
      method: 'feddst-official',
      sparsity: 0.8,
      readjustmentRatio: 0.01,
      readjustmentInterval: 15,
    }),
    axes: [
      { field: 'method', values: ['fedavgm', 'feddst-official', 'feddst'] },
      { field: 'readjustmentRatio', values: [0, 0.01] },
    ],
    withStatic: false,
    seeds,
    cells: fedDstArms.flatMap(({ row, changes }) =>
      caps.map(({ column, capFactor }) => ({
        row: column,
        column: row,
        changes,
        published: [],
        publishedDeviation: null,
        reference: row === 'FedAvgM' ? null : 'FedAvgM',
        capFactor,
      })),
    ),
    remarks: [
      'Published: FedDST 10 points above FedAvgM at the same upload, still 3 points when FedAvgM may upload twice as much (means of 10 runs).',
      'The cap is what the arm that uploads least has sent at its end.',
    ],
  },
} as const satisfies Record<string, Reproduction>

export type ReproductionName = keyof typeof reproductions
export const reproductionNames = Object.keys(reproductions) as ReproductionName[]

/**
 * The number that a reproduction prints of a run, a share of 1; null before it can be said. `cap` is the upload, in bytes of
 * all clients, from which rounds no longer count.
 */
export function reproducedAccuracy(measure: ReproducedMeasure, run: ComparedRun, cap: number | null): number | null {
  const { rounds } = run
  if (measure === 'late-rounds') {
    const known = rounds.map(accuracyOf).filter((accuracy) => accuracy !== null)
    const last = known.slice(-lateRounds)
    return last.length === 0 ? null : last.reduce((sum, accuracy) => sum + accuracy, 0) / last.length
  }
  const known = roundsUnder(rounds, cap ?? Number.POSITIVE_INFINITY)
    .map(localAccuracy)
    .filter((accuracy) => accuracy !== null)
  return known.length === 0 ? null : Math.max(...known)
}

/** What all clients of a run have sent, bytes. */
export function totalUpload({ rounds }: ComparedRun): number {
  return rounds.reduce((sum, { uploadBytes }) => sum + uploadBytes, 0)
}

function roundsUnder(rounds: readonly RoundRecord[], cap: number): readonly RoundRecord[] {
  let sent = 0
  return rounds.filter(({ uploadBytes }) => (sent += uploadBytes) <= cap)
}
