import type { ModelPlan } from '../models/plan'

/**
 * A trainer is the only thing that touches arithmetic. One trainer serves one model plan on one thread; results depend on
 * the arguments alone, never on what the trainer did before.
 */
export interface Trainer {
  readonly plan: ModelPlan
  /** Trainer and kernel build, e.g. "sparse/wasm"; goes into the manifest. */
  readonly description: string
  /** Local training of one client from the given parameters. */
  trainClient(task: ClientTask): ClientResult
  /** Forward pass only, over `indices` of `images`. */
  evaluate(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Evaluation
  /**
   * Mean gradient of the plain task loss (no weight decay, no proximal term) with respect to every prunable weight, masked
   * or not, over `indices` taken as one batch of any size. Length `plan.prunableCount`.
   */
  denseGradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Float32Array
  dispose(): void
}

/** A trainer whose arithmetic is done elsewhere, on a device: the same questions, answered later. */
export type DeferredTrainer = {
  readonly [Name in keyof Trainer]: Trainer[Name] extends (...input: infer Input) => object
    ? (...input: Input) => Promise<ReturnType<Trainer[Name]>>
    : Trainer[Name]
}

export interface MaskedModel {
  /** Flat parameters, length `plan.parameterCount`, 0 wherever the mask is 0. */
  readonly parameters: Float32Array
  /** 0 or 1 for each prunable weight, length `plan.prunableCount`. */
  readonly mask: Uint8Array
}

/** Images as they lie in shared memory. */
export interface LabelledImages {
  /** `count × channels × height × width` bytes, planar. */
  readonly pixels: Uint8Array
  readonly labels: Uint8Array
  readonly count: number
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number]
  /** Standardisation per channel of pixel/255: (x − mean)/deviation. */
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

export interface ClientTask extends MaskedModel {
  readonly images: LabelledImages
  /** The client's training images. */
  readonly indices: Uint32Array
  readonly localEpochs: number
  readonly batchSize: number
  readonly learningRate: number
  /** v ← momentum·v + g; w ← w − learningRate·v. Starts at 0 in every call. */
  readonly momentum: number
  /** λ·w is added to every gradient, biases included. */
  readonly weightDecay: number
  /** μ·(w − w_received) is added to every gradient, biases included. */
  readonly proximalCoefficient: number
  /** Named stream of the batch order: epoch e shuffles the indices with stream `${batchOrderLabel}/${e}`. */
  readonly seed: number
  readonly batchOrderLabel: string
}

export interface ClientResult {
  readonly parameters: Float32Array
  /** Optimiser steps taken. */
  readonly steps: number
  /** Sum over steps of the mean cross-entropy of the step's batch. */
  readonly lossSum: number
}

export interface Evaluation {
  /** Sum of cross-entropy over the images, added in the order of `indices`. */
  readonly lossSum: number
  /** 1 where the largest logit (lowest class on ties) is the label, in the order of `indices`. */
  readonly correct: Uint8Array
}
