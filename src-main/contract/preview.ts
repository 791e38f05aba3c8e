import type { Device } from './devices'
import type { ModelSummary } from './records'

/** Clients × classes, before anything is trained. */
export interface PartitionPreview {
  readonly classNames: readonly string[]
  /** Training images per client (row) and class (column). */
  readonly counts: readonly (readonly number[])[]
  readonly testCounts: readonly (readonly number[])[]
  /** Per client. */
  readonly clients: readonly ClientStatistics[]
  readonly statistics: PartitionStatistics
  /** Training images per client whose label the label noise has made wrong. */
  readonly wrongLabels: readonly number[]
  readonly smallestClient: { readonly client: number; readonly images: number }
  readonly largestClient: { readonly client: number; readonly images: number }
  /** Images that no client received (for instance by `samplesPerClient`). */
  readonly unusedImages: number
  /** How often a Dirichlet draw had to be repeated. */
  readonly redraws: number
}

export interface ClientStatistics {
  readonly images: number
  /** Of the labels, in bits; null without images. */
  readonly entropy: number | null
  /** Distance ½·Σ|p − q| of the class proportions to those of all shared images; null without images. */
  readonly totalVariation: number | null
}

/** Training images per client, over all clients. */
export interface PartitionStatistics {
  readonly smallest: number
  readonly median: number
  readonly largest: number
  /** Gini coefficient of the sizes: 0 when all are equal. */
  readonly gini: number
  readonly clientsWithoutImages: number
}

export interface LayerPreview {
  readonly layer: string
  readonly weights: number
  readonly active: number
  readonly density: number
}

/** Cost and topology of an experiment, before anything is trained. */
export interface PlanPreview {
  readonly summary: ModelSummary
  readonly layers: readonly LayerPreview[]
  /** Layers that could not take their share, in words. */
  readonly warnings: readonly string[]
  /** R at every round; 0 where the topology is frozen or the method never moves it. */
  readonly readjustmentRatios: readonly number[]
  /** Rounds after which the topology moves. */
  readonly updateRounds: readonly number[]
  /** Expected R_s at the end (Liu et al. 2021), exact for random growth; null when the topology does not move. */
  readonly expectedExploredShare: number | null
  /** The same after every round, beginning with the density; empty when the topology does not move. */
  readonly expectedExploredShares: readonly number[]
  readonly totalUploadBytes: number
  readonly totalDownloadBytes: number
  readonly totalTrainingFlops: number
  /** Bytes that the run will write: records, masks and both checkpoints. */
  readonly storageBytes: number
  /** Working memory of training: what every thread shares, and what each thread adds. */
  readonly memory: { readonly sharedBytes: number; readonly bytesPerThread: number }
  /** Where the run would train: its device, or what `auto` means now. */
  readonly device: Device
  /** From a measurement on that device; null when none was made yet, or where one would take too long. */
  readonly estimatedSeconds: number | null
}

/** What all runs of a launch together cost. */
export interface SweepCost {
  readonly runs: number
  readonly uploadBytes: number
  readonly downloadBytes: number
  /** Theoretical, of training. */
  readonly flops: number
  readonly storageBytes: number
  /** Null while the time of any run is unknown. */
  readonly seconds: number | null
  /** Runs that cannot be built, by their place in the list, with the reason in words. */
  readonly impossible: readonly { readonly index: number; readonly reason: string }[]
}
