import { describe, expect, it } from 'vitest'
import {
  encodedBits,
  encodings,
  indexBits,
  kernelSize,
  smallestEncoding,
} from '../../../src-main/engine/accounting/encodings'
import { buildPlan } from '../../../src-main/engine/models/build-plan'

const kernel = { weights: 120 * 6400, rows: 120 }

describe('encodedBits', () => {
  // Worked from the formulas for a 120 × 6400 kernel and 32-bit values.
  it.each([
    [0.5, [24_576_000, 13_056_000, 19_968_000, 17_282_280]],
    [0.05, [24_576_000, 1_996_800, 1_996_800, 1_729_920]],
    [0.01, [24_576_000, 1_013_760, 399_360, 347_160]],
  ])('at density %d', (density, bits) => {
    expect(encodings.map((encoding) => encodedBits(encoding, kernel, density * kernel.weights, 32))).toEqual(bits)
  })

  it.each([
    [0.2, 5_683_200, 7_987_200],
    [0.1, 3_225_600, 3_993_600],
  ])('prefers the bitmap to the coordinate list at density %d', (density, bitmap, coordinates) => {
    const active = density * kernel.weights
    expect(encodedBits('bitmap', kernel, active, 32)).toBe(bitmap)
    expect(encodedBits('coordinates', kernel, active, 32)).toBe(coordinates)
  })

  it('halves the values alone at 16 bits', () => {
    const active = 1000
    for (const encoding of ['bitmap', 'coordinates', 'csr'] as const) {
      const difference = encodedBits(encoding, kernel, active, 32) - encodedBits(encoding, kernel, active, 16)
      expect(difference).toBe(16 * active)
    }
  })
})

describe('smallestEncoding', () => {
  it('takes the minimum of the four', () => {
    const best = (density: number) => smallestEncoding(kernel, Math.round(density * kernel.weights), 32)
    expect([1, 0.98, 0.5, 0.09, 0.05, 0.01].map(best)).toEqual(['dense', 'dense', 'bitmap', 'bitmap', 'csr', 'csr'])
    // With one column a row pointer for each weight is dear: the list of coordinates wins.
    expect(smallestEncoding({ weights: 1000, rows: 1000 }, 10, 32)).toBe('coordinates')
  })
})

describe('indexBits', () => {
  it('is the whole number of bits that tells so many things apart', () => {
    expect([0, 1, 2, 3, 4, 5, 6400, 768_000].map(indexBits)).toEqual([0, 0, 1, 2, 2, 3, 13, 20])
  })
})

describe('kernelSize', () => {
  it('has a row for each output', () => {
    const plan = buildPlan('feddst-cnn', [1, 28, 28], 10)
    expect(plan.prunable.map(kernelSize)).toEqual([
      { weights: 250, rows: 10 },
      { weights: 5000, rows: 20 },
      { weights: 256_000, rows: 50 },
      { weights: 500, rows: 10 },
    ])
  })
})
