import { z } from 'zod'
import { deviceSchema, promises } from './devices'
import { experimentSchema } from './experiment'
import type { MethodName } from './methods'

/**
 * What a run leaves behind. These shapes are the lines of `rounds.ndjson` and `topology.ndjson`, the manifest `run.json`
 * and `session.json`, and what the window is shown: one shape, checked wherever it is read.
 */

const count = z.number().int().nonnegative()
const share = z.number().min(0).max(1)

/** One line of `rounds.ndjson`. Rounds count from 0. */
export const roundRecordSchema = z.object({
  round: count,
  /** Ids of the clients that took part, in the order of aggregation. */
  clients: z.array(count),
  /** Mean training cross-entropy over the local steps of this round. */
  trainLoss: z.number(),
  /** Share of the global test set classified correctly, before this round's topology update; null when not evaluated. */
  globalAccuracy: share.nullable(),
  globalLoss: z.number().nullable(),
  /** Accuracy on each client's own test images (index = client id); null entries have no test images. */
  clientAccuracies: z.array(share.nullable()).nullable(),
  /** Which model that was: the global one, or for a personalised method each client's own. */
  clientAccuracyModel: z.enum(['global', 'own']).default('global'),
  /** Weights with mask 1 during this round's training. */
  activeWeights: count,
  /** Bytes of this round over all clients taking part. */
  downloadBytes: count,
  uploadBytes: count,
  /** Theoretical floating-point operations of this round's local training (multiply and add counted separately). */
  trainingFlops: z.number().nonnegative(),
  /** The same of the client that computed most. */
  largestClientFlops: z.number().nonnegative(),
  /** Wall-clock seconds of this round, evaluation included. The one field that differs between repetitions. */
  seconds: z.number().nonnegative(),
})
export type RoundRecord = z.output<typeof roundRecordSchema>

/** Weights of one layer in equal bins from −limit to limit. */
const weightHistogramSchema = z.object({
  limit: z.number().nonnegative(),
  alive: z.array(count),
  /** Weights that an update sets to zero, with their values before it. */
  removed: z.array(count),
})
export type WeightHistogram = z.output<typeof weightHistogramSchema>

export const layerTopologySchema = z.object({
  layer: z.string(),
  /** Prunable weights of the layer. */
  weights: count,
  requestedActive: count,
  active: count,
  /** Weights that lost their place, and weights that gained one; one that did both in the same update counts in neither. */
  pruned: count,
  grown: count,
  /** `grown` / `active`. */
  turnover: share,
  /** Jaccard similarity with the first mask. */
  jaccardWithFirst: share,
  /** R_s: share of weights active at least once so far. */
  exploredShare: share,
  /** Values just before the update; runs of earlier versions have none. */
  weightHistogram: weightHistogramSchema.optional(),
})
export type LayerTopology = z.output<typeof layerTopologySchema>

export const invariantNames = [
  'exact-density',
  'grown-kept-disjoint',
  'grown-weights-zero',
  'masked-weights-zero',
  'biases-untouched',
] as const
export type InvariantName = (typeof invariantNames)[number]

export const invariantSchema = z.object({
  name: z.enum(invariantNames),
  holds: z.boolean(),
  /** What was found when it does not hold; empty otherwise. */
  detail: z.string(),
})
export type InvariantResult = z.output<typeof invariantSchema>

const clientOverlapSchema = z.object({
  clients: z.array(count),
  /** Jaccard similarity of the masks of every two of these clients, over the whole network. */
  jaccard: z.array(z.array(share)),
})
export type ClientOverlap = z.output<typeof clientOverlapSchema>

/** One line of `topology.ndjson`. Update 0 is the first mask, before round 0; update k > 0 happened after `round`. */
export const topologyRecordSchema = z.object({
  update: count,
  round: count,
  /** R after decay; 0 for the first mask. */
  readjustmentRatio: share,
  layers: z.array(layerTopologySchema),
  invariants: z.array(invariantSchema),
  /** Only where clients of the round sent masks of their own. */
  clientOverlap: clientOverlapSchema.optional(),
})
export type TopologyRecord = z.output<typeof topologyRecordSchema>

/** The life of a run. `interrupted` = its process ended without a word; resumable like `paused`. */
export const runStates = ['queued', 'running', 'paused', 'interrupted', 'finished', 'failed', 'cancelled'] as const
export type RunState = (typeof runStates)[number]

/** Whether a run in this state has stopped and can go on from its last checkpoint. */
export function isResumable(state: RunState): boolean {
  return state === 'paused' || state === 'interrupted' || state === 'failed'
}

export const modelSummarySchema = z.object({
  model: z.string(),
  inputShape: z.tuple([count, count, count]),
  classes: count,
  /** Weights and biases. */
  parameters: count,
  biases: count,
  prunableWeights: count,
  activeWeights: count,
  /** For small-dense: parameters of the budget that the narrowed network leaves unused; null for other methods. */
  unusedBudget: count.nullable(),
  /** Theoretical forward FLOPs of one image, dense and with the first mask. */
  denseFlops: z.number(),
  sparseFlops: z.number(),
  layers: z.array(z.object({ layer: z.string(), shape: z.array(count), weights: count, active: count, biases: count })),
})
export type ModelSummary = z.output<typeof modelSummarySchema>

/** Formats of the files that are read as a whole. Older ones are brought up to date when they are read. */
export const formatVersions = { session: 3, run: 1 } as const

const deviceUseSchema = z.object({
  fromRound: count,
  device: deviceSchema,
  trainer: z.string(),
  /** The same bits on every machine, or agreement within a tolerance. */
  promise: z.enum(promises),
})
export type DeviceUse = z.output<typeof deviceUseSchema>

/** `run.json`: everything needed to repeat the run. */
export const runManifestSchema = z.object({
  formatVersion: z.literal(formatVersions.run),
  id: z.string(),
  experiment: experimentSchema,
  state: z.enum(runStates),
  /** Why it failed, in words; empty otherwise. */
  message: z.string(),
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** Rounds whose records are complete. */
  roundsDone: count,
  /** SHA-256 of the training and test bytes; null before the first start. */
  dataSha256: z.string().nullable(),
  /** SHA-256 of the final weights (little-endian float32); null until finished. */
  weightsSha256: z.string().nullable(),
  /** Trainer and kernel build, e.g. "sparse/wasm". */
  trainer: z.string(),
  /** Where it trained, an entry for the start and each change of device; runs of earlier versions have none. */
  devices: z.array(deviceUseSchema).default([]),
  summary: modelSummarySchema.nullable(),
  versions: z.record(z.string(), z.string()),
})
export type RunManifest = z.output<typeof runManifestSchema>

const tag = z.string().trim().min(1).max(50)
export const tagsSchema = z.array(tag).max(30)

/** What the user says of a run. It lies beside the manifest, which is written anew while the run goes on. */
export const runAnnotationSchema = z.object({ tags: tagsSchema, notes: z.string().max(20_000) })
export type RunAnnotation = z.output<typeof runAnnotationSchema>

/** `session.json`. */
export const sessionManifestSchema = z.object({
  formatVersion: z.literal(formatVersions.session),
  id: z.string(),
  name: z.string().min(1).max(200),
  notes: z.string().max(100_000),
  /** Words to find it by; since format 2. */
  tags: tagsSchema,
  createdAt: z.iso.datetime(),
  updatedAt: z.iso.datetime(),
  /** Run ids in the order in which they are shown. */
  runs: z.array(z.string()),
  /** By run id, of the runs that have one; since format 3. */
  runAnnotations: z.partialRecord(z.string(), runAnnotationSchema),
})
export type SessionManifest = z.output<typeof sessionManifestSchema>

export interface SessionEntry {
  readonly manifest: SessionManifest
  /** Absolute path of the session folder. */
  readonly folder: string
  readonly runStates: readonly RunState[]
  /** Methods of its runs, each once. */
  readonly methods: readonly MethodName[]
  /** Problems found while reading, one line each; the rest of the session is readable. */
  readonly damage: readonly string[]
}

export interface SessionContents extends SessionEntry {
  readonly runs: readonly RunManifest[]
}

export interface RunRecords {
  readonly rounds: readonly RoundRecord[]
  readonly topology: readonly TopologyRecord[]
  /** What could not be read, one line each, with the name of the file; it is missing above. */
  readonly problems: readonly string[]
}
