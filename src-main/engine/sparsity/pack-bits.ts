/** A mask as bits: bit i & 7 (lowest first) of byte i >> 3 is entry i. Unused bits of the last byte are 0. */
export function packBits(mask: Uint8Array): Uint8Array {
  const bits = new Uint8Array(Math.ceil(mask.length / 8))
  for (let index = 0; index < mask.length; index++) bits[index >> 3] |= (mask[index] === 0 ? 0 : 1) << (index & 7)
  return bits
}

/** The first `count` entries of a packed mask, as bytes 0 or 1. */
export function unpackBits(bits: Uint8Array, count: number): Uint8Array {
  const mask = new Uint8Array(count)
  for (let index = 0; index < count; index++) mask[index] = (bits[index >> 3] >> (index & 7)) & 1
  return mask
}
