import type { WeightHistogram } from '../../contract/records'

const bins = 32

/**
 * Weights of one layer before an update, in 32 equal bins from −limit to limit, where the limit is the largest magnitude:
 * those that stay active, and those that the update sets to zero (at the first mask, the initial weights it removes).
 */
export function weightHistogram(weights: Float32Array, before: Uint8Array, after: Uint8Array): WeightHistogram {
  let limit = 0
  for (const weight of weights) limit = Math.max(limit, Math.abs(weight))
  const alive = new Array<number>(bins).fill(0)
  const removed = new Array<number>(bins).fill(0)
  for (let index = 0; index < weights.length; index++) {
    const weight = weights[index]
    if (after[index] === 0 && before[index] === 0 && weight === 0) continue
    const bin = limit === 0 ? bins / 2 : Math.min(bins - 1, Math.floor(((weight + limit) / (2 * limit)) * bins))
    const into = after[index] === 1 ? alive : removed
    into[bin]++
  }
  return { limit, alive, removed }
}
