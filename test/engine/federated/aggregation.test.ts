import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { maskedMean, weightedMean } from '../../../src-main/engine/federated/aggregation'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { applyMask, randomMask } from '../../../src-main/engine/sparsity/masks'
import { digest } from '../digest'

/** Four weights and one bias. */
const small: ModelPlan = {
  name: 'small',
  inputShape: [1, 1, 5],
  classes: 1,
  layers: [],
  prunable: [
    {
      kind: 'dense',
      name: 'fc1',
      inputs: 5,
      outputs: 1,
      weightOffset: 0,
      weightCount: 5,
      maskOffset: 0,
      biasOffset: 5,
      biasCount: 1,
    },
  ],
  parameterCount: 6,
  prunableCount: 5,
}

describe('maskedMean', () => {
  it('averages a weight over the clients that have it, a bias over all', () => {
    const { parameters, mask } = maskedMean({
      plan: small,
      uploads: [
        { parameters: Float32Array.of(1, 2, 0, 4, 0, 1), mask: Uint8Array.of(1, 1, 0, 1, 1), samples: 10 },
        { parameters: Float32Array.of(3, 0, 0, 8, 1, 2), mask: Uint8Array.of(1, 0, 0, 1, 1), samples: 30 },
        { parameters: Float32Array.of(0, 4, 0, 2, 0, 3), mask: Uint8Array.of(0, 1, 0, 1, 0), samples: 60 },
      ],
    })
    expect(parameters).toEqual(Float32Array.of(2.5, 260 / 70, 0, 4, 0.75, 2.5))
    expect(mask).toEqual(Uint8Array.of(1, 1, 0, 1, 1))
  })

  const plan = buildPlan('lenet-300-100', [1, 2, 3], 3, [8, 5])
  const upload = (seed: number, samples: number, mask = randomMask(plan, [20, 15, 6], seed)) => ({
    parameters: applyMask(plan, initialParameters(plan, seed), mask),
    mask,
    samples,
  })

  it('is the identity on equal clients, to the last bit', () => {
    fc.assert(
      fc.property(fc.nat(), fc.array(fc.integer({ min: 1, max: 60_000 }), { minLength: 1 }), (seed, samples) => {
        const one = upload(seed, 1)
        const mean = maskedMean({ plan, uploads: samples.map((count) => ({ ...one, samples: count })) })
        expect(digest(mean.parameters)).toBe(digest(one.parameters))
        expect(digest(mean.mask)).toBe(digest(one.mask))
      }),
    )
  })

  it('does not depend on the order of clients beyond rounding', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 1, max: 1000 }), { minLength: 2, maxLength: 8 }), (samples) => {
        const uploads = samples.map((count, index) => upload(index, count))
        const forward = maskedMean({ plan, uploads })
        const backward = maskedMean({ plan, uploads: [...uploads].reverse() })
        forward.parameters.forEach((value, at) => {
          expect(Math.abs(value - backward.parameters[at])).toBeLessThanOrEqual(Math.abs(value) * 2 ** -22)
        })
      }),
    )
  })

  it('is the plain weighted mean when all weights are active', () => {
    const ones = new Uint8Array(plan.prunableCount).fill(1)
    const uploads = [upload(1, 3, ones), upload(2, 5, ones)]
    expect(digest(maskedMean({ plan, uploads }).parameters)).toBe(
      digest(
        weightedMean(
          uploads.map(({ parameters }) => parameters),
          [3, 5],
        ),
      ),
    )
  })
})
