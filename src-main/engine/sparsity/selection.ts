/**
 * The `count` candidates that rank first by score, in rising order of position. Ties go to the lower position and NaN ranks
 * last, so the choice is unique: exactly `count`, never a threshold. Quick-select over typed arrays; linear on average.
 */
export function selectByRank(
  scores: Float32Array,
  candidates: Uint32Array,
  count: number,
  order: 'smallest' | 'largest',
): Uint32Array {
  if (count <= 0) return new Uint32Array(0)
  const positions = candidates.slice()
  if (count >= positions.length) return positions.sort()
  const precedes = order === 'smallest' ? lower : higher

  let left = 0
  let right = positions.length - 1
  while (left < right) {
    const pivot = positions[(left + right) >> 1]
    let i = left
    let j = right
    while (i <= j) {
      while (precedes(scores, positions[i], pivot)) i++
      while (precedes(scores, pivot, positions[j])) j--
      if (i <= j) {
        const position = positions[i]
        positions[i] = positions[j]
        positions[j] = position
        i++
        j--
      }
    }
    if (count <= j) right = j
    else if (count >= i) left = i
    else break
  }
  return positions.slice(0, count).sort()
}

function lower(scores: Float32Array, a: number, b: number): boolean {
  return scores[a] < scores[b] || (!(scores[a] > scores[b]) && precedesUnordered(scores, a, b))
}

function higher(scores: Float32Array, a: number, b: number): boolean {
  return scores[a] > scores[b] || (!(scores[a] < scores[b]) && precedesUnordered(scores, a, b))
}

/** Order of two positions whose scores are equal or not comparable. */
function precedesUnordered(scores: Float32Array, a: number, b: number): boolean {
  const first = Number.isNaN(scores[a])
  const second = Number.isNaN(scores[b])
  return first === second ? a < b : second
}
