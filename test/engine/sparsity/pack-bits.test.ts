import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { packBits, unpackBits } from '../../../src-main/engine/sparsity/pack-bits'

describe('packBits', () => {
  it('puts entry 0 into the lowest bit of the first byte', () => {
    expect(packBits(Uint8Array.of(1, 0, 0, 1, 0, 0, 0, 0, 0, 1))).toEqual(Uint8Array.of(0b1001, 0b10))
    expect(packBits(new Uint8Array(0))).toHaveLength(0)
  })

  it('is undone by unpackBits', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 1 }), { maxLength: 70 }), (bits) => {
        const mask = Uint8Array.from(bits)
        const packed = packBits(mask)
        expect(packed).toHaveLength(Math.ceil(mask.length / 8))
        expect(unpackBits(packed, mask.length)).toEqual(mask)
      }),
    )
  })
})
