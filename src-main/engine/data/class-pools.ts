import { namedStream, shuffle } from '../random/streams'

/** Positions of every class, each class in rising order. */
export function classPositions(labels: Uint8Array): Uint32Array[] {
  const classes: number[][] = []
  labels.forEach((label, index) => {
    while (classes.length <= label) classes.push([])
    classes[label].push(index)
  })
  return classes.map((indices) => Uint32Array.from(indices))
}

/** Positions of every class, each class in random order. `set` is "train" or "test". */
export function shuffledClasses(seed: number, set: 'train' | 'test', labels: Uint8Array): Uint32Array[] {
  return classPositions(labels).map((indices, label) =>
    shuffle(namedStream(seed, `partition/${set}/${label}`), indices),
  )
}

/**
 * Cuts every class in the given proportions (rows: classes, columns: clients) and gives each client its part of every
 * class. `cut` turns a class size and its shares into positions: client c gets those from entry c to entry c + 1.
 */
export function dealByShares(
  classes: readonly Uint32Array[],
  shares: readonly (readonly number[])[],
  clients: number,
  cut: (count: number, shares: readonly number[]) => number[],
): Uint32Array[] {
  const parts = Array.from({ length: clients }, (): Uint32Array[] => [])
  classes.forEach((indices, label) => {
    const cuts = cut(indices.length, shares[label])
    for (let client = 0; client < clients; client++) {
      parts[client].push(indices.subarray(cuts[client], cuts[client + 1]))
    }
  })
  return parts.map(concatenate)
}

/** For every class of `classCount`, the part of it that each client holds; equal parts of a class that nobody holds. */
export function sharesHeld(train: readonly Uint32Array[], labels: Uint8Array, classCount: number): number[][] {
  const counts = Array.from({ length: classCount }, () => new Array<number>(train.length).fill(0))
  train.forEach((indices, client) => {
    for (const index of indices) counts[labels[index]][client]++
  })
  return counts.map((held) => {
    const total = held.reduce((sum, count) => sum + count, 0)
    return held.map((count) => (total === 0 ? 1 / train.length : count / total))
  })
}

/** Blocks in order whose sizes differ by at most 1. */
export function cutEvenly(indices: Uint32Array, parts: number): Uint32Array[] {
  const cut = (part: number) => Math.floor((indices.length * part) / parts)
  return Array.from({ length: parts }, (_, part) => indices.slice(cut(part), cut(part + 1)))
}

export function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
