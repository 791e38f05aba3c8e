import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  gradientScores,
  lowestScore,
  movementScores,
  randomDrop,
  smallestMagnitude,
  smallestOfEachSign,
  type Drop,
} from '../../../src-main/engine/sparsity/criteria'
import { union } from '../../../src-main/engine/sparsity/exploration'
import { checkInvariants } from '../../../src-main/engine/sparsity/invariants'
import { activePerLayer, countActive, randomMask } from '../../../src-main/engine/sparsity/masks'
import { decayedRatio } from '../../../src-main/engine/sparsity/schedule'
import {
  gradientGrowth,
  moveTopology,
  randomGrowth,
  unfiredGrowth,
  type Growth,
} from '../../../src-main/engine/sparsity/topology-update'
import { namedStream } from '../../../src-main/engine/random/streams'
import { tinyPlan } from '../methods/tiny-plan'

const plan = tinyPlan([1, 8])
const [layer] = plan.prunable
const floats = (...values: number[]) => Float32Array.from(values)
const active = Uint32Array.of(0, 1, 2, 4, 5, 6)
const weights = floats(0.1, -0.2, 0.3, 9, -0.4, 0.5, 0.6, 9)
const choose = (drop: Drop, count: number) => [...drop(layer, weights, active, count)]

describe('drop criteria', () => {
  it('take the smallest magnitudes, or of each sign the same share', () => {
    expect(choose(smallestMagnitude, 3)).toEqual([0, 1, 2])
    // Two of six are negative: of three one; the two smallest positive ones.
    expect(choose(smallestOfEachSign, 3)).toEqual([0, 1, 2])
    expect(choose(smallestOfEachSign, 4)).toEqual([0, 1, 2, 5])
    const mostlyNegative = floats(-0.01, -0.02, -0.03, 9, -0.04, 0.5, 0.6, 9)
    expect([...smallestMagnitude(layer, mostlyNegative, active, 3)]).toEqual([0, 1, 2])
    expect([...smallestOfEachSign(layer, mostlyNegative, active, 3)]).toEqual([0, 1, 5])
  })

  it('take all of one sign where there is no other, and zeros first', () => {
    const positive = floats(3, 2, 0, 9, 1, 4, 5, 9)
    expect([...smallestOfEachSign(layer, positive, active, 2)]).toEqual([2, 4])
    expect([
      ...smallestOfEachSign(
        layer,
        positive.map((value) => -value),
        active,
        2,
      ),
    ]).toEqual([2, 4])
  })

  it('take the smallest gradient, the smallest |w·g| or what moved towards 0', () => {
    const gradient = floats(5, -0.1, 2, 0, 0.3, -4, 0.2, 0)
    const parameters = Float32Array.of(...weights, 0)
    expect(choose(lowestScore(gradientScores(plan, gradient)), 2)).toEqual([1, 6])
    // |w·g|: 0.5, 0.02, 0.6, –, 0.12, 2, 0.12.
    expect(choose(lowestScore(gradientScores(plan, gradient, parameters)), 2)).toEqual([1, 4])
    // w·Δ: 0.1·0.05, −0.2·0.3, 0.3·0.1, –, −0.4·(−0.1), 0.5·(−0.2), 0.
    const before = floats(0.05, -0.5, 0.2, 9, -0.3, 0.7, 0.6, 9, 0)
    expect(choose(lowestScore(movementScores(plan, before, parameters)), 2)).toEqual([1, 5])
  })

  it('draw at random, each active weight equally often', () => {
    const counts = new Map<number, number>()
    for (let round = 0; round < 3000; round++) {
      for (const at of choose(randomDrop(1, round), 2)) counts.set(at, (counts.get(at) ?? 0) + 1)
    }
    // Binomial(3000, 1/3): five standard deviations are 129.
    expect([...counts.keys()].sort()).toEqual([...active])
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(129)
  })
})

describe('unfired growth', () => {
  it('takes weights that were never active before any other', () => {
    const candidates = Uint32Array.of(0, 2, 3, 5, 7)
    const fired = Uint8Array.of(1, 1, 0, 1, 1, 0, 1, 1)
    for (let round = 0; round < 20; round++) {
      const growth = unfiredGrowth(1, round, fired)
      expect([2, 5]).toContain(growth(layer, candidates, 1)[0])
      const three = [...growth(layer, candidates, 3)]
      expect(three).toEqual(expect.arrayContaining([2, 5]))
      expect(new Set(three).size).toBe(3)
    }
  })
})

describe('any drop with any growth', () => {
  it('keeps counts, grows on empty places only and drops no kept weight', () => {
    const network = tinyPlan([4, 6], [3, 4])
    const scoresOf = (seed: number, label: string, count: number) => {
      const stream = namedStream(seed, label)
      return Float32Array.from({ length: count }, () => stream.uniform() - 0.5)
    }
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 23 }),
        fc.integer({ min: 1, max: 11 }),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        fc.nat(),
        fc.boolean(),
        fc.nat({ max: 4 }),
        fc.nat({ max: 2 }),
        (first, second, ratio, seed, allowImmediateRegrow, dropIndex, growthIndex) => {
          const requested = [first, second]
          const mask = randomMask(network, requested, seed)
          const parameters = scoresOf(seed, 'weights', network.parameterCount)
          network.prunable.forEach(({ weightOffset, weightCount, maskOffset }) => {
            for (let at = 0; at < weightCount; at++) parameters[weightOffset + at] *= mask[maskOffset + at]
          })
          const gradient = scoresOf(seed, 'gradient', network.prunableCount)
          const drops: Drop[] = [
            smallestMagnitude,
            smallestOfEachSign,
            lowestScore(gradientScores(network, gradient)),
            lowestScore(movementScores(network, scoresOf(seed, 'before', network.parameterCount), parameters)),
            randomDrop(seed, 0),
          ]
          const growths: Growth[] = [randomGrowth(seed, 0), unfiredGrowth(seed, 0, mask), gradientGrowth(gradient)]
          const before = { parameters, mask }
          const move = moveTopology(
            network,
            before,
            ratio,
            growths[growthIndex],
            allowImmediateRegrow,
            drops[dropIndex],
          )
          expect(activePerLayer(network, move.mask)).toEqual(requested)
          for (const { name, holds } of checkInvariants(network, requested, before, move)) {
            expect({ name, holds }).toEqual({ name, holds: true })
          }
          network.prunable.forEach(({ maskOffset, weightCount }, index) => {
            const dropped = [...move.layers[index].dropped]
            const grown = [...move.layers[index].grown]
            const wanted = Math.floor(ratio * requested[index])
            expect(dropped).toHaveLength(
              allowImmediateRegrow ? wanted : Math.min(wanted, weightCount - requested[index]),
            )
            for (const at of dropped) expect(mask[maskOffset + at]).toBe(1)
            for (const at of grown) {
              const isEmpty = mask[maskOffset + at] === 0 || (allowImmediateRegrow && dropped.includes(at))
              expect(isEmpty).toBe(true)
            }
          })
        },
      ),
    )
  })
})

describe('R_s of random growth', () => {
  // Liu et al. 2021 (ITOP): f = 0.5, cosine, end 150, updates at 0, ΔT, 2ΔT, … < 150; expectation by density and ΔT.
  const intervals = [4, 7, 10, 20, 50] as const
  it.each([
    [0.5, [0.9999, 0.9957, 0.9833, 0.9174, 0.7845]],
    [0.2, [0.9198, 0.7904, 0.6922, 0.5182, 0.3695]],
    [0.1, [0.6843, 0.5111, 0.4176, 0.2857, 0.1927]],
    [0.05, [0.4247, 0.2907, 0.2287, 0.1496, 0.0982]],
  ])('meets its expectation at density %d', (density, expectations) => {
    const count = 10_000
    const network = tinyPlan([1, count])
    intervals.forEach((interval, index) => {
      const expected = expectations[index]
      let mask = randomMask(network, [density * count], interval)
      let fired = mask
      let explored = countActive(fired)
      for (let round = 0; round < 150; round += interval) {
        const stream = namedStream(interval, `sizes/${round}`)
        const parameters = new Float32Array(network.parameterCount)
        for (let at = 0; at < count; at++) parameters[at] = mask[at] * (1 + stream.uniform())
        const ratio = decayedRatio(0.5, 'cosine', round, 150)
        mask = moveTopology(network, { parameters, mask }, ratio, randomGrowth(interval, round)).mask
        fired = union(fired, mask)
        expect(countActive(fired)).toBeGreaterThanOrEqual(explored)
        explored = countActive(fired)
      }
      // Draws without replacement vary less than Bernoulli ones; four of their deviations, and the table's last digit.
      const bound = 4 * Math.sqrt((expected * (1 - expected)) / count) + 1e-4
      expect(Math.abs(explored / count - expected)).toBeLessThan(bound)
    })
  })
})
