import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { defaultExperiment } from '../../../src-main/contract/experiment'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { densityPerScore, distributeSparsity, layerTargets } from '../../../src-main/engine/sparsity/distributions'

const plans = {
  caffe: buildPlan('lenet-5-caffe', [1, 28, 28], 10),
  mnist: buildPlan('feddst-cnn', [1, 28, 28], 10),
  cifar: buildPlan('feddst-cnn', [3, 32, 32], 10),
  lenet: buildPlan('lenet-300-100', [1, 28, 28], 10),
}

describe('distributeSparsity', () => {
  // Worked by hand from the formulas of Evci et al. 2020 (rigl sparse_utils.py), double precision.
  it.each([
    ['caffe', 'erk', 0.5, 151.992754, [500, 12_160, 197_591, 5_000], ['conv1', 'fc2']],
    ['caffe', 'erk', 0.8, 58.405797, [500, 4_673, 75_928, 5_000], ['conv1', 'fc2']],
    ['caffe', 'erk', 0.9, 27.210145, [500, 2_177, 35_374, 5_000], ['conv1', 'fc2']],
    ['caffe', 'erk', 0.95, 11.711552, [364, 937, 15_226, 5_000], ['fc2']],
    ['caffe', 'erk', 0.98, 4.482041, [139, 359, 5_827, 2_286], []],
    ['caffe', 'erk', 0.99, 2.24102, [70, 180, 2_914, 1_143], []],
    ['caffe', 'er', 0.9, 12.311475, [500, 21_546, 16_005, 5_000], ['conv1', 'fc2']],
    ['caffe', 'er', 0.95, 5.905899, [500, 10_336, 7_678, 3_013], ['conv1']],
    ['mnist', 'erk', 0.5, 24.976008, [250, 1_000, 129_126, 500], ['conv1', 'fc2']],
    ['mnist', 'erk', 0.8, 9.912063, [209, 397, 51_246, 500], ['fc2']],
    ['mnist', 'erk', 0.9, 4.94708, [104, 198, 25_577, 297], []],
    ['mnist', 'erk', 0.95, 2.473634, [52, 99, 12_789, 149], []],
    ['cifar', 'erk', 0.5, 57.923535, [450, 1_854, 377_662, 10_080, 840], ['conv1', 'fc2', 'fc3']],
    ['cifar', 'erk', 0.8, 22.954096, [437, 735, 149_661, 4_683, 840], ['fc3']],
    ['cifar', 'erk', 0.9, 11.415055, [217, 366, 74_427, 2_329, 840], ['fc3']],
    ['cifar', 'erk', 0.95, 5.690639, [109, 183, 37_103, 1_161, 535], []],
    ['cifar', 'erk', 0.98, 2.276314, [44, 73, 14_842, 465, 214], []],
    ['cifar', 'er', 0.8, 22.704343, [450, 2_400, 148_033, 4_632, 840], ['conv1', 'conv2', 'fc3']],
    ['lenet', 'erk', 0.9, 17.264151, [18_715, 6_906, 1_000], ['fc3']],
    ['lenet', 'er', 0.95, 8.350063, [9_052, 3_341, 919], []],
    ['lenet', 'erk', 0.98, null, [3_621, 1_337, 368], []],
  ] as const)('gives the counts of %s under %s %d', (name, distribution, sparsity, epsilon, counts, dense) => {
    const targets = distributeSparsity(plans[name].prunable, sparsity, distribution)
    expect(targets.active).toEqual(counts)
    if (epsilon !== null) expect(targets.epsilon).toBeCloseTo(epsilon, 5)
    expect(targets.warnings.map((warning) => warning.split(' ')[0])).toEqual(dense)
  })

  // The passes that lead to the third row above; null is a layer that is dense by then.
  it.each([
    [[], 22.410203, [1.3894, 0.0717, 0.0728, 2.2858]],
    [['fc2'], 26.96669, [1.6719, 0.0863, 0.0876, null]],
    [['fc2', 'conv1'], 27.210145, [null, 0.087072, 0.088433, null]],
  ])('solves for ERK 0.9 of caffe anew once %j are dense', (dense, epsilon, densities) => {
    const layers = plans.caffe.prunable
    const isDense = layers.map(({ name }) => dense.includes(name))
    const scores = [31 / 500, 80 / 25_000, 1_300 / 400_000, 510 / 5_000]
    const solved = densityPerScore(layers, scores, 0.9, isDense)
    expect(solved).toBeCloseTo(epsilon, 6)
    densities.forEach((density, index) => {
      if (density === null) expect(isDense[index]).toBe(true)
      else expect(solved * scores[index]).toBeCloseTo(density, 4)
    })
  })

  it('keeps the same share of every layer under uniform', () => {
    expect(distributeSparsity(plans.mnist.prunable, 0.9, 'uniform').active).toEqual([25, 500, 25_600, 50])
    expect(distributeSparsity(plans.mnist.prunable, 0.9, 'uniform', ['conv1']).active).toEqual([250, 500, 25_600, 50])
  })

  it('takes SET’s density from ε and the widths, whatever S is', () => {
    const set = { ...defaultExperiment(), layerDistribution: 'er-epsilon' } as const
    // ε = 20: 20·1084/235 200 = 9.218 %, 20·400/30 000 = 26.67 %, 20·110/1000 above 1.
    const { active, warnings } = layerTargets(plans.lenet.prunable, { ...set, sparsity: 0.5 })
    expect(active).toEqual([21_680, 8_000, 1_000])
    expect(warnings).toEqual(['fc3 keeps all its 1000 weights: its er density would exceed 1'])
    expect(layerTargets(plans.lenet.prunable, { ...set, sparsity: 0.9 }).active).toEqual(active)
    // A convolution counts its channels alone: 2·(20 + 50)/(20·50) of 25 000.
    expect(layerTargets(plans.caffe.prunable, { ...set, erdosRenyiEpsilon: 2 }).active[1]).toBe(3_500)
  })

  it('knows the function of FedDST’s code', () => {
    const feddst = { ...defaultExperiment(), sparsity: 0.8, layerDistribution: 'erk-feddst' } as const
    expect(layerTargets(plans.cifar.prunable, feddst).active).toEqual([103, 492, 153_438, 2_126, 240])
    const { active } = layerTargets(plans.cifar.prunable, { ...feddst, firstLayer: 'dense' })
    expect(active[0]).toBe(450)
  })

  it('keeps the first and the last layer dense by switch', () => {
    const base = { ...defaultExperiment(), sparsity: 0.9 }
    const both = { ...base, firstLayer: 'dense', lastLayer: 'dense' } as const
    expect(layerTargets(plans.mnist.prunable, { ...both, layerDistribution: 'uniform' }).active).toEqual([
      250, 500, 25_600, 500,
    ])
    const solved = layerTargets(plans.mnist.prunable, both)
    expect([solved.active[0], solved.active[3]]).toEqual([250, 500])
    // The other layers make up for them: 26 175 stay in all, as the budget is floored per layer.
    expect(solved.active.reduce((sum, count) => sum + count, 0)).toBeLessThanOrEqual(26_177)
    expect(solved.warnings).toEqual([])
    const epsilon = layerTargets(plans.lenet.prunable, { ...both, layerDistribution: 'er-epsilon' })
    expect(epsilon.active).toEqual([235_200, 8_000, 1_000])
  })

  it('is dense at sparsity 0', () => {
    for (const distribution of ['uniform', 'er', 'erk'] as const) {
      expect(distributeSparsity(plans.cifar.prunable, 0, distribution).active).toEqual([
        450, 2400, 768_000, 10_080, 840,
      ])
    }
  })

  it('keeps one weight where the share is below one, and says so', () => {
    const tiny = buildPlan('lenet-300-100', [1, 40, 50], 2, [1, 1])
    const { active, warnings } = distributeSparsity(tiny.prunable, 0.999, 'uniform')
    expect(active).toEqual([2, 1, 1])
    expect(warnings).toEqual([
      'fc2 keeps 1 weight: its share of the density is below one weight',
      'fc3 keeps 1 weight: its share of the density is below one weight',
    ])
  })

  it('refuses a sparsity that the dense layers alone exceed', () => {
    expect(() => distributeSparsity(plans.caffe.prunable, 0.9, 'erk', ['fc1'])).toThrow(
      /sparsity: 0\.9 cannot be reached while fc1 stay dense/,
    )
  })

  it('never realises more than the sparsity, misses it by less than a weight per layer, and keeps one of each', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...Object.values(plans)),
        fc.constantFrom('uniform' as const, 'er' as const, 'erk' as const),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (plan, distribution, sparsity) => {
          const { active } = distributeSparsity(plan.prunable, sparsity, distribution)
          const wanted = (1 - sparsity) * plan.prunableCount
          const total = active.reduce((sum, count) => sum + count, 0)
          expect(total).toBeGreaterThanOrEqual(wanted - 1e-6)
          // RigL floors twice: once per layer for the budget, once per layer for the counts.
          expect(total).toBeLessThan(wanted + 2 * active.length)
          active.forEach((count, index) => {
            expect(count).toBeGreaterThanOrEqual(1)
            expect(count).toBeLessThanOrEqual(plan.prunable[index].weightCount)
          })
        },
      ),
    )
  })
})
