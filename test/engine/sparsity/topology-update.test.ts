import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { countNewlyActive, union } from '../../../src-main/engine/sparsity/exploration'
import { checkInvariants } from '../../../src-main/engine/sparsity/invariants'
import { activePerLayer, applyMask, countActive, randomMask } from '../../../src-main/engine/sparsity/masks'
import { gradientGrowth, moveTopology, randomGrowth } from '../../../src-main/engine/sparsity/topology-update'

/** One dense layer of ten weights and no biases. */
const tenWeights: ModelPlan = {
  name: 'ten',
  inputShape: [1, 1, 10],
  classes: 1,
  layers: [],
  prunable: [
    {
      kind: 'dense',
      name: 'fc1',
      inputs: 10,
      outputs: 1,
      weightOffset: 0,
      weightCount: 10,
      maskOffset: 0,
      biasOffset: 10,
      biasCount: 0,
    },
  ],
  parameterCount: 10,
  prunableCount: 10,
}

describe('moveTopology', () => {
  // A RigL update worked by hand: A = 6, k = ⌊0.34·6⌋ = 2.
  const parameters = Float32Array.of(0.9, -0.05, 0.3, 0, 0, -0.6, 0.02, 0, 0.4, 0)
  const mask = Uint8Array.of(1, 1, 1, 0, 0, 1, 1, 0, 1, 0)
  const gradient = Float32Array.of(0.1, -0.7, 0.2, 0.5, -0.9, 0.05, 0.3, 0.6, -0.1, 0.05)
  const active = (bits: Uint8Array) => [...bits.keys()].filter((at) => bits[at] === 1)

  it('lets a just-dropped weight grow again and keeps its value', () => {
    const move = moveTopology(tenWeights, { parameters, mask }, 0.34, gradientGrowth(gradient))
    expect([...move.layers[0].dropped]).toEqual([1, 6])
    expect([...move.layers[0].grown]).toEqual([1, 4])
    expect(active(move.mask)).toEqual([0, 1, 2, 4, 5, 8])
    expect(move.parameters).toEqual(Float32Array.of(0.9, -0.05, 0.3, 0, 0, -0.6, 0, 0, 0.4, 0))
  })

  it('grows elsewhere when just-dropped weights are excluded', () => {
    const move = moveTopology(tenWeights, { parameters, mask }, 0.34, gradientGrowth(gradient), false)
    expect([...move.layers[0].grown]).toEqual([4, 7])
    expect(active(move.mask)).toEqual([0, 2, 4, 5, 7, 8])
    expect(move.parameters[1]).toBe(0)
  })

  it('never grows onto a kept weight, however large its gradient', () => {
    const tempting = Float32Array.from(gradient)
    tempting[0] = 2
    const move = moveTopology(tenWeights, { parameters, mask }, 0.34, gradientGrowth(tempting))
    expect([...move.layers[0].grown]).toEqual([1, 4])
    expect(countActive(move.mask)).toBe(6)
  })

  it('leaves the model it was given alone', () => {
    const given = { parameters: parameters.slice(), mask: mask.slice() }
    moveTopology(tenWeights, given, 0.5, randomGrowth(1, 0))
    expect(given).toEqual({ parameters, mask })
  })

  it('is clamped by what can grow when just-dropped weights are excluded', () => {
    const nearlyDense = Uint8Array.of(1, 1, 1, 1, 1, 1, 1, 1, 1, 0)
    const move = moveTopology(tenWeights, { parameters, mask: nearlyDense }, 0.9, randomGrowth(1, 0), false)
    expect(move.layers[0].dropped).toHaveLength(1)
    expect([...move.layers[0].grown]).toEqual([9])
  })

  it('moves nothing for a ratio below one weight or a dense layer', () => {
    const still = moveTopology(tenWeights, { parameters, mask }, 0.1, randomGrowth(1, 0))
    expect(still.mask).toEqual(mask)
    const dense = new Uint8Array(10).fill(1)
    const move = moveTopology(tenWeights, { parameters, mask: dense }, 0.5, randomGrowth(1, 0))
    expect(move.mask).toEqual(dense)
    expect(move.parameters).toEqual(parameters)
  })

  it('keeps every invariant over random updates', () => {
    const plan = buildPlan('lenet-300-100', [1, 2, 3], 3, [8, 5])
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: 0.02, max: 1, noNaN: true }), { minLength: 3, maxLength: 3 }),
        fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), { minLength: 1, maxLength: 6 }),
        fc.nat(),
        fc.boolean(),
        fc.boolean(),
        (densities, ratios, seed, byGradient, allowImmediateRegrow) => {
          const requested = plan.prunable.map((layer, index) => Math.ceil(densities[index] * layer.weightCount))
          let mask = randomMask(plan, requested, seed)
          expect(activePerLayer(plan, mask)).toEqual(requested)
          let parameters = applyMask(plan, initialParameters(plan, seed), mask)
          let fired = mask
          ratios.forEach((ratio, round) => {
            const scores = initialParameters(plan, seed + round + 1).slice(0, plan.prunableCount)
            const growth = byGradient ? gradientGrowth(scores) : randomGrowth(seed, round)
            const before = { parameters, mask }
            const move = moveTopology(plan, before, ratio, growth, allowImmediateRegrow)
            for (const { name, holds } of checkInvariants(plan, requested, before, move)) {
              expect({ name, holds }).toEqual({ name, holds: true })
            }
            move.layers.forEach(({ dropped, grown }, index) => {
              const wanted = Math.floor(ratio * requested[index])
              const free = plan.prunable[index].weightCount - requested[index]
              expect(dropped).toHaveLength(allowImmediateRegrow ? wanted : Math.min(wanted, free))
              expect(grown).toHaveLength(dropped.length)
            })
            const explored = countActive(fired)
            fired = union(fired, move.mask)
            expect(countActive(fired)).toBeGreaterThanOrEqual(explored)
            expect(countNewlyActive(mask, move.mask)).toBe(countNewlyActive(move.mask, mask))
            ;({ parameters, mask } = move)
          })
        },
      ),
    )
  })
})

describe('randomGrowth', () => {
  it('chooses every candidate equally often', () => {
    const candidates = Uint32Array.of(3, 5, 6, 9)
    const chosen = new Map<number, number>()
    for (let round = 0; round < 4000; round++) {
      for (const at of randomGrowth(3, round)(tenWeights.prunable[0], candidates, 2)) {
        chosen.set(at, (chosen.get(at) ?? 0) + 1)
      }
    }
    // Binomial(4000, 1/2): five standard deviations are 158.
    for (const at of candidates) expect(Math.abs((chosen.get(at) ?? 0) - 2000)).toBeLessThan(158)
  })
})
