import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { smallDense } from '../../../src-main/engine/models/small-dense'

const mnist = [1, 28, 28] as const
const cifar = [3, 32, 32] as const

describe('smallDense', () => {
  it.each([
    [cifar, 391_121, [4, 11, 86, 60], 385_731],
    [cifar, 156_590, [3, 7, 54, 38], 154_494],
    [cifar, 78_413, [2, 5, 38, 27], 77_778],
    [mnist, 130_965, [7, 14, 35], 128_481],
    [mnist, 52_440, [4, 9, 22], 51_953],
    [mnist, 26_265, [3, 6, 16], 25_296],
  ] as const)('solves the widths of %s for %d parameters', (shape, budget, widths, total) => {
    const small = smallDense('feddst-cnn', shape, 10, budget)
    expect(small.widths).toEqual(widths)
    expect(small.plan.parameterCount).toBe(total)
    expect(small.unusedBudget).toBe(budget - total)
  })

  it('keeps the whole network when the budget holds it', () => {
    const full = buildPlan('lenet-5', mnist, 10)
    expect(smallDense('lenet-5', mnist, 10, full.parameterCount)).toMatchObject({
      widths: [6, 16, 120, 84],
      unusedBudget: 0,
    })
  })

  it.each([
    ['lenet-300-100', [300, 100]],
    ['feddst-cnn', [10, 20, 50]],
  ] as const)('is the largest copy of %s by one factor within the budget', (model, widths) => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000 }), fc.integer({ min: 0, max: 3 }), (tenThousandths, spare) => {
        // Off the grid, so that no width lies exactly between two whole numbers.
        const factor = (tenThousandths + 0.37) / 10_001
        // No copy of any factor may be better than the one found for a budget that this copy just meets.
        const budget = buildPlan(
          model,
          mnist,
          10,
          widths.map((width) => Math.max(1, Math.floor(width * factor + 0.5))),
        ).parameterCount
        expect(smallDense(model, mnist, 10, budget + spare)).toMatchObject({
          plan: { parameterCount: budget },
          unusedBudget: spare,
        })
      }),
      { numRuns: 300 },
    )
  })

  it('says so when even the narrowest network is too large', () => {
    expect(() => smallDense('lenet-300-100', mnist, 10, 500)).toThrow(/budget of 500 parameters is below the 8\d\d/)
  })
})
