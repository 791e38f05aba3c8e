import type { ModelPlan } from '../models/plan'
import { range } from '../random/draw'
import { activePositions, trainableParameters } from '../sparsity/masks'
import type { MaskedModel } from '../trainer/trainer'
import { arrayOf, type NamedArrays } from './named-arrays'

export interface Upload extends MaskedModel {
  readonly client: number
  /** Training images of the client: its weight in every mean. */
  readonly samples: number
  /** What it sent beside its model. */
  readonly sent: NamedArrays
}

/** What the mean of models reads of an upload. */
type WeightedModel = MaskedModel & Pick<Upload, 'samples'>

interface MeanInput {
  readonly plan: ModelPlan
  readonly uploads: readonly WeightedModel[]
}

/**
 * Sample-weighted mean of the uploads that knows masks: a weight is averaged over the clients in whose mask it is, and is 0
 * where it is in none; biases are averaged over all. The mask of the result is the union (Bibikar et al. 2022). Sums are
 * float64 in the order of the uploads.
 */
export function maskedMean({ plan, uploads }: MeanInput): MaskedModel {
  const [{ mask }] = uploads
  // Most methods give all clients one mask.
  if (uploads.some((upload) => upload.mask !== mask))
    return { parameters: meanUnderMasks(plan, uploads), mask: unionOf(plan, uploads) }
  const parameters = weightedMean(
    uploads.map((upload) => upload.parameters),
    uploads.map(({ samples }) => samples),
    activePositions(trainableParameters(plan, mask)),
  )
  return { parameters, mask: mask.slice() }
}

function meanUnderMasks(plan: ModelPlan, uploads: readonly WeightedModel[]): Float32Array {
  const sums = new Float64Array(plan.parameterCount)
  const samplesOf = new Float64Array(plan.parameterCount)
  for (const { samples, parameters, mask } of uploads) {
    const isTrained = trainableParameters(plan, mask)
    for (let at = 0; at < isTrained.length; at++) {
      if (isTrained[at] === 0) continue
      samplesOf[at] += samples
      sums[at] += samples * parameters[at]
    }
  }
  return Float32Array.from(sums, (sum, at) => (samplesOf[at] === 0 ? 0 : sum / samplesOf[at]))
}

function unionOf(plan: ModelPlan, uploads: readonly WeightedModel[]): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  for (const { mask: one } of uploads) for (let at = 0; at < mask.length; at++) mask[at] |= one[at]
  return mask
}

/** Sample-weighted mean of an array of floats that every client sent. */
export function meanOfSent(uploads: readonly Upload[], name: string): Float32Array {
  return weightedMean(
    uploads.map(({ sent }) => arrayOf(sent, name, Float32Array)),
    uploads.map(({ samples }) => samples),
  )
}

/** Positions whose sums stay in the cache while every vector is added to them. */
const positionsAtOnce = 4096

/**
 * Sample-weighted mean of equally long vectors, summed in float64 in their order.
 *
 * @param positions where it is wanted, by default everywhere; it is 0 elsewhere
 */
export function weightedMean(
  vectors: readonly Float32Array[],
  samples: readonly number[],
  positions: Uint32Array = range(vectors[0].length),
): Float32Array {
  const mean = new Float32Array(vectors[0].length)
  const total = samples.reduce((sum, count) => sum + count, 0)
  const sums = new Float64Array(positionsAtOnce)
  for (let first = 0; first < positions.length; first += positionsAtOnce) {
    const block = positions.subarray(first, first + positionsAtOnce)
    sums.fill(0)
    vectors.forEach((vector, client) => {
      addWeighted(sums, vector, samples[client], block)
    })
    for (let index = 0; index < block.length; index++) mean[block[index]] = sums[index] / total
  }
  return mean
}

function addWeighted(sums: Float64Array, vector: Float32Array, samples: number, positions: Uint32Array): void {
  for (let index = 0; index < positions.length; index++) sums[index] += samples * vector[positions[index]]
}
