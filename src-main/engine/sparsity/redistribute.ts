/**
 * `total` places shared out in proportion to `weights`, none above its room: what does not fit goes to the others in
 * proportion. Whole numbers come from the largest remainders, the earlier on ties. Fewer than `total` only where there is
 * less room.
 */
export function shareOut(total: number, weights: readonly number[], room: readonly number[]): number[] {
  const given = weights.map(() => 0)
  let open = weights.map((_, index) => index)
  let left = Math.min(
    total,
    room.reduce((sum, value) => sum + value, 0),
  )
  for (;;) {
    const sum = open.reduce((all, index) => all + weights[index], 0)
    const exact = new Map(
      open.map((index) => [index, sum > 0 ? (left * weights[index]) / sum : left / open.length] as const),
    )
    const part = (index: number) => exact.get(index) ?? 0
    const full = open.filter((index) => part(index) > room[index])
    if (full.length === 0) {
      for (const index of open) given[index] = Math.floor(part(index))
      const rest = left - open.reduce((all, index) => all + given[index], 0)
      const byRemainder = open
        .filter((index) => given[index] < room[index])
        .toSorted((a, b) => (part(b) % 1) - (part(a) % 1) || a - b)
      for (const index of byRemainder.slice(0, rest)) given[index]++
      return given
    }
    for (const index of full) {
      given[index] = room[index]
      left -= room[index]
    }
    open = open.filter((index) => !full.includes(index))
  }
}
