import type { ModelPlan } from '../models/plan'

/** Every weight that is set in one mask or the other. With the first mask and every later one: the weights ever active. */
export function union(a: Uint8Array, b: Uint8Array): Uint8Array {
  return a.map((bit, index) => bit | b[index])
}

/** Ones of `after` that are 0 in `before`. */
export function countNewlyActive(before: Uint8Array, after: Uint8Array): number {
  let count = 0
  for (let index = 0; index < after.length; index++) if (after[index] === 1 && before[index] === 0) count++
  return count
}

/** Places of every layer in which two masks differ. */
export function changedPerLayer(plan: ModelPlan, a: Uint8Array, b: Uint8Array): number[] {
  return plan.prunable.map(({ maskOffset, weightCount }) => {
    let count = 0
    for (let at = maskOffset; at < maskOffset + weightCount; at++) count += a[at] ^ b[at]
    return count
  })
}

/** Jaccard similarity of two masks: active in both / active in either; 1 when both are empty. */
export function jaccard(a: Uint8Array, b: Uint8Array): number {
  let both = 0
  let either = 0
  for (let index = 0; index < a.length; index++) {
    both += a[index] & b[index]
    either += a[index] | b[index]
  }
  return either === 0 ? 1 : both / either
}

/**
 * Expected in-time over-parameterisation rate R_s of one layer under random growth (Liu et al. 2021, ITOP) after each update,
 * just-dropped positions eligible: 1 − (1 − d)·Π(1 − q_j), with q_j = f_j·d/(1 − d + f_j·d) the chance that an inactive weight
 * is chosen. `density` is the layer's density d, `ratios` the shares f_j of active weights replaced, 0 where nothing moves.
 */
export function expectedExploredShares(density: number, ratios: readonly number[]): number[] {
  let neverChosen = 1
  return ratios.map((ratio) => {
    const replaced = ratio * density
    if (replaced > 0) neverChosen *= 1 - replaced / (1 - density + replaced)
    return 1 - (1 - density) * neverChosen
  })
}
