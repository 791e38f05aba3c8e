/** The positions at which a mask has this value, in rising order. */
export function positionsOf(bits: Uint8Array, value: 0 | 1): Uint32Array {
  let count = 0
  for (const bit of bits) if (bit === value) count++
  const positions = new Uint32Array(count)
  let next = 0
  for (let index = 0; index < bits.length; index++) if (bits[index] === value) positions[next++] = index
  return positions
}
