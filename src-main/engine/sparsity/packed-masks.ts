/** Measures of masks as packed bits (see pack-bits), 32 weights at a time. */

/** Weights that are active in one mask. */
export function countBits(bits: Uint8Array): number {
  let count = 0
  for (const byte of bits) count += onesOf[byte]
  return count
}

/** Weights that are active in both of two masks of the same layer. */
function countCommonBits(a: Uint8Array, b: Uint8Array): number {
  let count = 0
  if (a.byteOffset % 4 !== 0 || b.byteOffset % 4 !== 0) {
    for (let byte = 0; byte < a.length; byte++) count += onesOf[a[byte] & b[byte]]
    return count
  }
  const words = a.length >> 2
  const left = new Uint32Array(a.buffer, a.byteOffset, words)
  const right = new Uint32Array(b.buffer, b.byteOffset, words)
  for (let word = 0; word < words; word++) {
    let ones = left[word] & right[word]
    ones -= (ones >>> 1) & 0x55555555
    ones = (ones & 0x33333333) + ((ones >>> 2) & 0x33333333)
    count += Math.imul((ones + (ones >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24
  }
  for (let byte = words * 4; byte < a.length; byte++) count += onesOf[a[byte] & b[byte]]
  return count
}

const onesOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++
  return ones
})

/** One mask of a network, or of one of its layers, whose parts are compared together. */
export interface PackedMask {
  readonly parts: readonly Uint8Array[]
  readonly active: number
}

export function packedMask(parts: readonly Uint8Array[]): PackedMask {
  return { parts, active: parts.reduce((sum, bits) => sum + countBits(bits), 0) }
}

/** Jaccard similarity of two masks with the same layers: active in both / active in either; 1 when both are empty. */
export function packedJaccard(a: PackedMask, b: PackedMask): number {
  const both = a.parts.reduce((sum, bits, part) => sum + countCommonBits(bits, b.parts[part]), 0)
  const either = a.active + b.active - both
  return either === 0 ? 1 : both / either
}
