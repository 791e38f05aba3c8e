import type { ModelPlan } from '../models/plan'
import type { BatchOrder } from './batch-order'

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
   * Mean loss and gradient of the plain task loss (no weight decay, no proximal term) with respect to every parameter,
   * masked or not, over `indices` taken as one batch of any size.
   */
  gradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array): LossGradient
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
  /** The labels before noise was put on them; left out where there is none. */
  readonly trueLabels?: Uint8Array
  readonly count: number
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number]
  /** Standardisation per channel of pixel/255: (x − mean)/deviation. */
  readonly mean: readonly number[]
  readonly deviation: readonly number[]
}

export interface ClientTask extends MaskedModel, BatchOrder {
  readonly images: LabelledImages
  readonly learningRate: number
  /** v ← momentum·v + g; w ← w − learningRate·v. */
  readonly momentum: number
  /** v at the start, length `plan.parameterCount`; 0 when left out. What masked weights have there is ignored. */
  readonly velocity?: Float32Array
  /** Whether nobody asks for v afterwards, which then need not be brought together. */
  readonly discardsVelocity?: boolean
  /** λ·w is added to every gradient, biases included. */
  readonly weightDecay: number
  /** μ·(w − w_anchor) is added to every gradient, biases included. */
  readonly proximalCoefficient: number
  /** Where the proximal term pulls to; the given parameters when left out. */
  readonly anchor?: Float32Array
}

export interface ClientResult {
  readonly parameters: Float32Array
  /** v after the last step, length `plan.parameterCount`, 0 for masked weights; empty when the task discards it. */
  readonly velocity: Float32Array
  /** Optimiser steps taken. */
  readonly steps: number
  /** Sum over steps of the mean cross-entropy of the step's batch. */
  readonly lossSum: number
}

export interface LossGradient {
  /** Mean cross-entropy. */
  readonly loss: number
  /** Length `plan.parameterCount`. */
  readonly gradient: Float32Array
}

export interface Evaluation {
  /** Sum of cross-entropy over the images, added in the order of `indices`. */
  readonly lossSum: number
  /** 1 where the largest logit (lowest class on ties) is the label, in the order of `indices`. */
  readonly correct: Uint8Array
}
