import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { countDeadUnits } from '../../../src-main/contract/layers'
import { clientOverlap } from '../../../src-main/engine/sparsity/client-overlap'
import { jaccard } from '../../../src-main/engine/sparsity/exploration'
import { MaskHistory } from '../../../src-main/engine/sparsity/mask-history'
import { packBits } from '../../../src-main/engine/sparsity/pack-bits'
import { countBits, packedJaccard, packedMask } from '../../../src-main/engine/sparsity/packed-masks'
import { unitDegrees } from '../../../src-main/engine/sparsity/unit-degrees'
import { weightHistogram } from '../../../src-main/engine/sparsity/weight-histogram'

const bits = (text: string) => packBits(Uint8Array.from(text.replaceAll(' ', ''), Number))
const maskOf = (length: number) => fc.uint8Array({ minLength: length, maxLength: length, max: 1 })

describe('packed masks', () => {
  it('measure what the unpacked masks measure', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 200 }).chain((length) => fc.tuple(maskOf(length), maskOf(length))),
        ([a, b]) => {
          const packed = packedMask([packBits(a)])
          expect(packed.active).toBe(a.filter((bit) => bit === 1).length)
          expect(packedJaccard(packed, packedMask([packBits(b)]))).toBe(jaccard(a, b))
        },
      ),
    )
  })

  it('count the same wherever in memory they lie', () => {
    const all = Uint8Array.from({ length: 64 }, (_, at) => (at * 37) & 255)
    const [aligned, shifted] = [all.slice(1, 40), all.subarray(1, 40)]
    expect(countBits(shifted)).toBe(countBits(aligned))
    expect(packedJaccard(packedMask([aligned]), packedMask([shifted]))).toBe(1)
  })
})

describe('MaskHistory', () => {
  it('follows connections from birth to death', () => {
    const history = new MaskHistory(4)
    // Rounds trained before each mask: 0, 1, 3, 5.
    history.add(bits('1100'), 0)
    history.add(bits('1010'), 1)
    history.add(bits('1100'), 3)
    history.add(bits('0110'), 5)
    // Births: a0 at 0, b0 at 0, c1 at 1, b2 (again) at 3, c3 (again) at 5.
    expect(history.meanAge).toEqual([0, (1 + 0) / 2, (3 + 0) / 2, (2 + 0) / 2])
    expect(history.regrown).toEqual([0, 0, 1, 1])
    // Deaths: b after 1, c after 1, a after 3 updates; alive at the end: b at age 1, c at age 0.
    expect(history.survival()).toEqual([1, expect.closeTo(1 - 2 / 4), expect.closeTo(0.5), 0])
  })

  it('keeps every connection of a mask that never moves', () => {
    const history = new MaskHistory(10)
    for (const rounds of [0, 2, 4]) history.add(bits('1111100000'), rounds)
    expect(history.meanAge).toEqual([0, 2, 4])
    expect(history.survival()).toEqual([1, 1, 1])
  })

  it('has a mean age that a slow count confirms', () => {
    fc.assert(
      fc.property(fc.array(maskOf(40), { minLength: 1, maxLength: 8 }), (masks) => {
        const history = new MaskHistory(40)
        masks.forEach((mask, update) => {
          history.add(packBits(mask), update * 2)
        })
        const slow = masks.map((mask, update) => {
          const ages = [...mask.keys()]
            .filter((weight) => mask[weight] === 1)
            .map((weight) => {
              let born = update
              while (born > 0 && masks[born - 1][weight] === 1) born--
              return 2 * (update - born)
            })
          return ages.length === 0 ? 0 : ages.reduce((sum, age) => sum + age, 0) / ages.length
        })
        history.meanAge.forEach((age, update) => {
          expect(age).toBeCloseTo(slow[update], 9)
        })
      }),
    )
  })
})

describe('unitDegrees', () => {
  it('counts connections into each unit and out of it, through kernels and a flattening', () => {
    const degrees = unitDegrees([
      // 2 channels of 1 input with 1 × 2 kernels.
      { layer: 'conv', shape: [2, 1, 1, 2], bits: bits('11 00') },
      // 3 outputs read 2 channels of 2 pixels.
      { layer: 'fc1', shape: [3, 4], bits: bits('1100 0010 0000') },
      { layer: 'fc2', shape: [2, 3], bits: bits('101 001') },
    ])
    expect(degrees).toEqual([
      { layer: 'conv', incoming: [2, 0], outgoing: [2, 1] },
      { layer: 'fc1', incoming: [2, 1, 0], outgoing: [1, 0, 2] },
      { layer: 'fc2', incoming: [2, 1], outgoing: null },
    ])
    // Channel 1 gets nothing; of fc1 unit 1 is never read and unit 2 gets nothing.
    expect(degrees.map(countDeadUnits)).toEqual([1, 2, 0])
  })

  it('knows no out-degree where layers do not follow one another', () => {
    const [first] = unitDegrees([
      { layer: 'a', shape: [3, 1], bits: bits('111') },
      { layer: 'b', shape: [1, 4], bits: bits('1111') },
    ])
    expect(first.outgoing).toBeNull()
  })
})

describe('weightHistogram', () => {
  it('tells weights that stay from those that are set to zero; weights that were dead before are neither', () => {
    const { limit, alive, removed } = weightHistogram(
      Float32Array.of(-2, -1.9, 0, 0.01, 2, 0, 0),
      Uint8Array.of(1, 1, 0, 0, 1, 0, 1),
      Uint8Array.of(1, 0, 0, 0, 1, 1, 0),
    )
    expect(limit).toBe(2)
    const filled = (counts: readonly number[]) => counts.flatMap((count, bin) => (count === 0 ? [] : [[bin, count]]))
    expect(filled(alive)).toEqual([
      [0, 1],
      [16, 1],
      [31, 1],
    ])
    expect(filled(removed)).toEqual([
      [0, 1],
      [16, 2],
    ])
    const mask = Uint8Array.of(1, 1, 0)
    expect(weightHistogram(new Float32Array(3), mask, mask).alive[16]).toBe(2)
  })
})

describe('clientOverlap', () => {
  const uploads = [
    { client: 4, mask: Uint8Array.of(1, 1, 0, 0) },
    { client: 9, mask: Uint8Array.of(1, 0, 1, 0) },
  ]
  it('compares the masks of every two clients', () => {
    expect(clientOverlap(uploads)).toEqual({
      clients: [4, 9],
      jaccard: [
        [1, 1 / 3],
        [1 / 3, 1],
      ],
    })
  })
  it('has nothing to say where all train under the global mask', () => {
    expect(clientOverlap([uploads[0], { client: 5, mask: uploads[0].mask }])).toBeNull()
    expect(clientOverlap([uploads[0]])).toBeNull()
  })
})
