import type { ModelPlan } from '../models/plan'
import { drawWithoutReplacement, range } from '../random/draw'
import { namedStream } from '../random/streams'

/** A mask with exactly `active[l]` ones in layer l, at positions uniform without replacement, independent per layer. */
export function randomMask(plan: ModelPlan, active: readonly number[], seed: number): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  plan.prunable.forEach((layer, index) => {
    const stream = namedStream(seed, `mask/${layer.name}`)
    for (const position of drawWithoutReplacement(stream, range(layer.weightCount), active[index])) {
      mask[layer.maskOffset + position] = 1
    }
  })
  return mask
}

/** A copy of the parameters with every masked weight exactly 0; biases stay. */
export function applyMask(plan: ModelPlan, parameters: Float32Array, mask: Uint8Array): Float32Array {
  const masked = parameters.slice()
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    for (let index = 0; index < weightCount; index++) {
      if (mask[maskOffset + index] === 0) masked[weightOffset + index] = 0
    }
  }
  return masked
}

/** Ones of a mask, or of one layer's part of it. */
export function countActive(mask: Uint8Array): number {
  // Four flags at a time, each in a byte of the sum, which holds 255 of them.
  const before = Math.min(-mask.byteOffset & 3, mask.length)
  const count = (mask.length - before) >> 2
  const words = count === 0 ? new Uint32Array(0) : new Uint32Array(mask.buffer, mask.byteOffset + before, count)
  let active = 0
  for (let first = 0; first < words.length; first += 255) {
    const end = Math.min(first + 255, words.length)
    let sums = 0
    for (let at = first; at < end; at++) sums += words[at]
    active += (sums & 255) + ((sums >>> 8) & 255) + ((sums >>> 16) & 255) + (sums >>> 24)
  }
  for (let at = 0; at < before; at++) active += mask[at]
  for (let at = before + 4 * words.length; at < mask.length; at++) active += mask[at]
  return active
}

/** Positions of the ones of a mask, or of one layer's part of it, ascending. */
export function activePositions(mask: Uint8Array): Uint32Array {
  const positions = new Uint32Array(countActive(mask))
  let next = 0
  for (let at = 0; at < mask.length; at++) if (mask[at] !== 0) positions[next++] = at
  return positions
}

/** Active weights of every layer. */
export function activePerLayer(plan: ModelPlan, mask: Uint8Array): number[] {
  return plan.prunable.map(({ maskOffset, weightCount }) =>
    countActive(mask.subarray(maskOffset, maskOffset + weightCount)),
  )
}

/** 1 for every parameter that training moves, biases and active weights, in the order of the flat parameters. */
export function trainableParameters(plan: ModelPlan, mask: Uint8Array): Uint8Array {
  const flags = new Uint8Array(plan.parameterCount).fill(1)
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    flags.set(mask.subarray(maskOffset, maskOffset + weightCount), weightOffset)
  }
  return flags
}
