/**
 * Thins a long series for the screen: from every bucket the lowest and the highest point are kept, so spikes stay. Buckets
 * hold a power of two of points counted from the start; as points arrive, finished buckets do not change.
 * The first and the last point are always kept. Points are in rising order of x.
 */
export function decimate<Item extends { readonly y: number }>(
  points: readonly Item[],
  mostPoints: number,
): readonly Item[] {
  if (points.length <= mostPoints) return points
  let bucket = 4
  while ((points.length / bucket) * 2 > mostPoints) bucket *= 2
  const kept: Item[] = []
  for (let start = 0; start < points.length; start += bucket) {
    let low = start
    let high = start
    for (let at = start; at < Math.min(start + bucket, points.length); at++) {
      if (points[at].y < points[low].y) low = at
      if (points[at].y > points[high].y) high = at
    }
    const ends = start === 0 ? [0] : []
    const last = start + bucket >= points.length ? [points.length - 1] : []
    const indices = new Set([...ends, ...[low, high].sort((a, b) => a - b), ...last])
    for (const at of indices) kept.push(points[at])
  }
  return kept
}
