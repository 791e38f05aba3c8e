import type { InvariantName, InvariantResult } from '../../contract/records'
import type { ModelPlan } from '../models/plan'
import type { MaskedModel } from '../trainer/trainer'
import { activePerLayer } from './masks'
import type { TopologyMove } from './topology-update'

/**
 * What must hold after every topology update, checked on the arrays themselves and independently of the code that made
 * the update. Each result says what was found where it does not hold.
 */
export function checkInvariants(
  plan: ModelPlan,
  requestedActive: readonly number[],
  before: MaskedModel,
  after: TopologyMove,
): InvariantResult[] {
  const active = activePerLayer(plan, after.mask)
  const found: Record<InvariantName, string[]> = {
    'exact-density': [],
    'grown-kept-disjoint': [],
    'grown-weights-zero': [],
    'masked-weights-zero': [],
    'biases-untouched': [],
  }
  plan.prunable.forEach((layer, index) => {
    const { name, weightOffset, weightCount, maskOffset, biasOffset, biasCount } = layer
    if (active[index] !== requestedActive[index]) {
      found['exact-density'].push(`${name} has ${active[index]} active weights, ${requestedActive[index]} requested`)
    }
    const { dropped, grown } = after.layers[index]
    const droppedPositions = new Set(dropped)
    const grownOntoKept = grown.filter((at) => before.mask[maskOffset + at] === 1 && !droppedPositions.has(at)).length
    const repeated = grown.length - new Set(grown).size
    if (grownOntoKept + repeated > 0) {
      found['grown-kept-disjoint'].push(`${name} grew ${grownOntoKept + repeated} weights where one was kept`)
    }

    const { restored } = after
    let strayGrown = 0
    let maskedNonZero = 0
    for (let at = 0; at < weightCount; at++) {
      const value = after.parameters[weightOffset + at]
      const isSet = before.mask[maskOffset + at] === 0 || restored?.scope === 'all'
      if (after.mask[maskOffset + at] === 0) maskedNonZero += value === 0 ? 0 : 1
      else if (isSet && value !== (restored?.parameters[weightOffset + at] ?? 0)) strayGrown++
    }
    if (strayGrown > 0) {
      const expected = restored === undefined ? '0' : 'what they are restored to'
      found['grown-weights-zero'].push(`${name} has ${strayGrown} grown weights that are not ${expected}`)
    }
    if (maskedNonZero > 0)
      found['masked-weights-zero'].push(`${name} has ${maskedNonZero} masked weights that are not 0`)

    const biases = restored?.scope === 'all' ? restored.parameters : before.parameters
    let changed = 0
    for (let at = biasOffset; at < biasOffset + biasCount; at++) {
      if (!Object.is(biases[at], after.parameters[at])) changed++
    }
    if (changed > 0) found['biases-untouched'].push(`${name} has ${changed} changed biases`)
  })
  return (Object.keys(found) as InvariantName[]).map((name) => ({
    name,
    holds: found[name].length === 0,
    detail: found[name].join('; '),
  }))
}
