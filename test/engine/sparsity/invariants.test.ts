import { describe, expect, it } from 'vitest'
import { invariantNames } from '../../../src-main/contract/records'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import { checkInvariants } from '../../../src-main/engine/sparsity/invariants'
import { applyMask, randomMask } from '../../../src-main/engine/sparsity/masks'
import { moveTopology, randomGrowth } from '../../../src-main/engine/sparsity/topology-update'

describe('checkInvariants', () => {
  const plan = buildPlan('lenet-300-100', [1, 2, 3], 3, [8, 5])
  const requested = [20, 15, 6]
  const mask = randomMask(plan, requested, 1)
  const before = { parameters: applyMask(plan, initialParameters(plan, 1), mask), mask }
  const moved = () => moveTopology(plan, before, 0.4, randomGrowth(1, 0))
  const broken = (after: ReturnType<typeof moved>) =>
    checkInvariants(plan, requested, before, after).filter(({ holds }) => !holds)
  const newlyActive = (after: ReturnType<typeof moved>) =>
    after.layers[0].grown.find((at) => before.mask[at] === 0) ?? -1

  it('reports every invariant as held after a sound update', () => {
    const results = checkInvariants(plan, requested, before, moved())
    expect(results).toEqual(invariantNames.map((name) => ({ name, holds: true, detail: '' })))
  })

  it('finds a layer with a weight too many', () => {
    const after = moved()
    after.mask[after.mask.indexOf(0)] = 1
    expect(broken(after)).toEqual([
      { name: 'exact-density', holds: false, detail: 'fc1 has 21 active weights, 20 requested' },
    ])
  })

  it('finds a weight grown where one was kept', () => {
    const after = moved()
    const kept = [...mask.keys()].find((at) => mask[at] === 1 && !after.layers[0].dropped.includes(at)) ?? -1
    after.layers[0].grown[0] = kept
    expect(broken(after).map(({ name }) => name)).toEqual(['grown-kept-disjoint'])
  })

  it('finds a grown weight that does not start at 0', () => {
    const after = moved()
    after.parameters[newlyActive(after)] = 0.1
    expect(broken(after)).toEqual([
      { name: 'grown-weights-zero', holds: false, detail: 'fc1 has 1 grown weights that are not 0' },
    ])
  })

  it('finds a masked weight that is not 0', () => {
    const after = moved()
    after.parameters[after.mask.indexOf(0)] = 1e-30
    expect(broken(after).map(({ name }) => name)).toEqual(['masked-weights-zero'])
  })

  it('finds a touched bias', () => {
    const after = moved()
    after.parameters[plan.prunable[1].biasOffset] += 1
    expect(broken(after)).toEqual([{ name: 'biases-untouched', holds: false, detail: 'fc2 has 1 changed biases' }])
  })
})
