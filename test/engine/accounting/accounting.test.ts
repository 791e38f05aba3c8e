import { describe, expect, it } from 'vitest'
import {
  gradientBits,
  modelBits,
  wholeBytes,
  type TransferFormat,
} from '../../../src-main/engine/accounting/communication'
import {
  denseForwardFlops,
  denseGradientFlops,
  forwardFlops,
  trainingFlops,
} from '../../../src-main/engine/accounting/flops'
import { modelSummary } from '../../../src-main/engine/accounting/model-summary'
import { addCosts, clientCost, roundCost } from '../../../src-main/engine/accounting/round-cost'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { distributeSparsity } from '../../../src-main/engine/sparsity/distributions'
import { feddstCounts } from '../../../src-main/engine/sparsity/feddst-distribution'
import { tinyPlan } from '../methods/tiny-plan'

const plans = {
  mnist: buildPlan('feddst-cnn', [1, 28, 28], 10),
  cifar: buildPlan('feddst-cnn', [3, 32, 32], 10),
}

/** So many active weights, layer after layer full. */
function spread({ prunable }: ModelPlan, active: number): number[] {
  let left = active
  return prunable.map(({ weightCount }) => {
    const count = Math.min(left, weightCount)
    left -= count
    return count
  })
}

describe('forwardFlops', () => {
  // Evci et al. 2020, appendix: multiply and add counted separately.
  it.each([
    ['cifar', 0, 4_586_640],
    ['cifar', 0.5, 3_277_436],
    ['cifar', 0.8, 1_707_064],
    ['cifar', 0.9, 849_736],
    ['cifar', 0.95, 425_654],
    ['mnist', 0, 4_041_000],
    ['mnist', 0.5, 1_195_252],
    ['mnist', 0.8, 601_516],
    ['mnist', 0.9, 299_860],
    ['mnist', 0.95, 149_932],
  ] as const)('of %s under ERK %d is %d', (name, sparsity, flops) => {
    const { active } = distributeSparsity(plans[name].prunable, sparsity, 'erk')
    expect(forwardFlops(plans[name], active)).toBe(flops)
  })

  it.each([
    ['cifar', 546_852 / 2_293_320],
    ['mnist', 331_650 / 2_020_500],
  ] as const)('of %s under uniform 0.9 with a dense first layer is %d of dense', (name, share) => {
    const { active } = distributeSparsity(plans[name].prunable, 0.9, 'uniform', ['conv1'])
    expect(forwardFlops(plans[name], active) / denseForwardFlops(plans[name])).toBeCloseTo(share, 12)
  })

  // What resources/docs/reproductions.md sets beside the count of the published code.
  it.each([
    [0, 13_759_920],
    [0.5, 6_965_304],
    [0.8, 2_848_104],
    [0.9, 1_473_768],
  ])('of a training image with the layer counts of FedDST’s code at S = %d', (sparsity, flops) => {
    const active = feddstCounts(plans.cifar.prunable, sparsity, 'erk').map(
      (keep, index) => keep ?? plans.cifar.prunable[index].weightCount,
    )
    expect(trainingFlops(plans.cifar, active)).toBe(flops)
  })

  it('gives the published mean for RigL with an update every 100 steps', () => {
    const { active } = distributeSparsity(plans.cifar.prunable, 0.9, 'erk')
    const mean = (100 * trainingFlops(plans.cifar, active) + denseGradientFlops(plans.cifar, active)) / 101
    expect(Math.round(mean)).toBe(2_586_207)
  })
})

describe('communication', () => {
  it.each([
    ['cifar', 781_770, 25_024_192],
    ['cifar', 390_885, 12_515_872],
    ['cifar', 156_354, 5_010_880],
    ['cifar', 78_177, 2_509_216],
    ['mnist', 261_750, 8_378_880],
    ['mnist', 52_350, 1_678_080],
  ] as const)('an upload of %s with %d active weights has %d bits', (name, active, bits) => {
    expect(modelBits(plans[name], spread(plans[name], active), false)).toBe(bits)
  })

  it('adds the mask as one bit per prunable weight, except for a dense network', () => {
    const active = spread(plans.cifar, 78_177)
    expect(modelBits(plans.cifar, active, true) - modelBits(plans.cifar, active, false)).toBe(781_770)
    expect(modelBits(plans.cifar, spread(plans.cifar, 781_770), true)).toBe(25_024_192)
  })

  it('counts each encoding by its formula, layer by layer', () => {
    // 120 × 6400 weights, 5 % of them active, and 120 biases.
    const kernel = tinyPlan([120, 6400])
    const bits = (encoding: TransferFormat['encoding'], valueBits = 32, changed: number[] | null = null) =>
      modelBits(kernel, [38_400], true, { encoding, valueBits }, changed) - 120 * valueBits
    expect(bits('dense')).toBe(24_576_000)
    expect(bits('bitmap')).toBe(1_996_800)
    expect(bits('coordinates')).toBe(1_996_800)
    expect(bits('csr')).toBe(1_729_920)
    expect(bits('smallest')).toBe(1_729_920)
    // 100 places of 20 bits; a bitmap where nothing is known or more has changed than that is worth.
    expect(bits('delta', 32, [100])).toBe(2000 + 38_400 * 32)
    expect(bits('delta')).toBe(bits('bitmap'))
    expect(bits('delta', 32, [60_000])).toBe(bits('bitmap'))
    expect(bits('bitmap', 16)).toBe(768_000 + 38_400 * 16)
    for (const encoding of ['bitmap', 'coordinates', 'csr', 'smallest', 'delta'] as const) {
      expect(modelBits(kernel, [38_400], false, { encoding, valueBits: 32 })).toBe((38_400 + 120) * 32)
    }
  })

  it('sends a dense gradient for active and inactive weights alike', () => {
    expect(gradientBits(plans.mnist)).toBe(261_750 * 32)
  })

  it('rounds up to whole bytes', () => {
    expect([0, 1, 8, 9].map(wholeBytes)).toEqual([0, 1, 1, 2])
  })
})

describe('roundCost', () => {
  const active = [104, 198, 25_577, 297]
  const plan = plans.mnist

  it('adds up over the clients, bytes rounded up for each', () => {
    const plain = { received: active, receivedBits: 0, sent: active, sendsMask: false, sentBits: 0 }
    const costs = [
      clientCost(plan, { ...plain, receivesMask: true, flops: 700 }),
      clientCost(plan, { ...plain, receivesMask: false, sentBits: gradientBits(plan), flops: 300 }),
      clientCost(plan, { ...plain, receivesMask: false, receivedBits: 9, sent: null, sentBits: 1, flops: 0 }),
      clientCost(plan, { ...plain, receivesMask: false, sendsMask: true, flops: 1 }),
    ]
    const cost = roundCost(costs)
    const values = (26_176 + 90) * 4
    const mask = Math.ceil(261_750 / 8)
    expect(cost.downloadBytes).toBe(4 * values + mask + 2)
    expect(cost.uploadBytes).toBe(3 * values + 261_750 * 4 + 1 + mask)
    expect(cost.trainingFlops).toBe(1001)
    expect(cost.largestClientFlops).toBe(700)
    expect(addCosts(cost, roundCost(costs.slice(0, 1)))).toEqual({
      downloadBytes: 5 * values + 2 * mask + 2,
      uploadBytes: 4 * values + 261_750 * 4 + 1 + mask,
      trainingFlops: 1701,
      largestClientFlops: 700,
    })
  })
})

describe('modelSummary', () => {
  it('separates prunable, active and always dense', () => {
    const summary = modelSummary(plans.mnist, [104, 198, 25_577, 297], null)
    expect(summary).toMatchObject({
      parameters: 261_840,
      biases: 90,
      prunableWeights: 261_750,
      activeWeights: 26_176,
      denseFlops: 4_041_000,
      sparseFlops: 299_860,
      unusedBudget: null,
    })
    expect(summary.layers[1]).toEqual({ layer: 'conv2', shape: [20, 10, 5, 5], weights: 5000, active: 198, biases: 20 })
  })
})
