/**
 * Where to cut `count` samples in the given proportions: ⌊count·cumulative share⌋, from 0 to `count`. Part c lies between
 * entries c and c + 1. (FedDST's code lacks the leading 0 and loses the first share.)
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
