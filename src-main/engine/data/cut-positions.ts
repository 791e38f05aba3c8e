/**
 * Where to cut `count` samples in the given proportions: ⌊count·cumulative share⌋, from 0 to `count`. Part c lies between
 * entries c and c + 1.
 */
export function cutPositions(count: number, shares: readonly number[]): number[] {
  let cumulative = 0
  const cuts = shares.map((share) => {
    cumulative += share
    return Math.min(count, Math.floor(count * cumulative))
  })
  cuts[cuts.length - 1] = count
  return [0, ...cuts]
}

/**
 * The cuts of FedDST's published code (Bibikar et al. 2022, datasets.py), which lack the leading 0: part c gets share c + 1,
 * the first share is lost and the last part is empty but for rounding.
 */
export function offByOneCuts(count: number, shares: readonly number[]): number[] {
  let cumulative = 0
  const cuts = shares.map((share) => {
    cumulative += count * share
    return Math.min(count, Math.floor(cumulative))
  })
  return [...cuts, count]
}
