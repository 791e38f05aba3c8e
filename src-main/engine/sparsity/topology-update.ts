import type { NamedArrays } from '../federated/named-arrays'
import type { ModelPlan, PrunableLayerPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import type { MaskedModel } from '../trainer/trainer'
import { smallestMagnitude, type Drop } from './criteria'
import { positionsOf } from './positions'
import { selectByRank } from './selection'

/** Chooses `count` of the candidates, positions within the layer, for growth. */
export type Growth = (layer: PrunableLayerPlan, candidates: Uint32Array, count: number) => Uint32Array

interface LayerMove {
  /** Positions within the layer that lost their place, in rising order. */
  readonly dropped: Uint32Array
  /** As many positions that gained one; a position in both lists keeps its weight. */
  readonly grown: Uint32Array
}

export interface TopologyMove extends MaskedModel {
  readonly layers: readonly LayerMove[]
  /** Active weights that each layer should have from now on; left out, those it should have had before. */
  readonly requestedActive?: readonly number[]
  /** What the method remembers on the server from now on; left out, it stays. */
  readonly state?: NamedArrays
  /**
   * Parameters at which grown weights start instead of 0 or, with scope `all`, to which every active weight and bias was
   * set back.
   */
  readonly restored?: { readonly scope: 'grown' | 'all'; readonly parameters: Float32Array }
}

/** The model as it is, as a move. */
export function unmoved(plan: ModelPlan, model: MaskedModel): TopologyMove {
  const nothing = new Uint32Array(0)
  return { ...model, layers: plan.prunable.map(() => ({ dropped: nothing, grown: nothing })) }
}

/** Uniform random growth (SET, Mocanu et al. 2018). */
export function randomGrowth(seed: number, round: number): Growth {
  return (layer, candidates, count) =>
    drawWithoutReplacement(namedStream(seed, `growth/${round}/${layer.name}`), candidates.slice(), count)
}

/** Random growth that takes weights that were never active first (Liu et al. 2021, ITOP). `fired` follows the mask. */
export function unfiredGrowth(seed: number, round: number, fired: Uint8Array): Growth {
  return (layer, candidates, count) => {
    const stream = namedStream(seed, `growth/${round}/${layer.name}`)
    const isUnfired = (at: number) => fired[layer.maskOffset + at] === 0
    const unfired = candidates.filter(isUnfired)
    const fromUnfired = Math.min(count, unfired.length)
    const others = candidates.filter((at) => !isUnfired(at))
    return Uint32Array.from([
      ...drawWithoutReplacement(stream, unfired, fromUnfired),
      ...drawWithoutReplacement(stream, others, count - fromUnfired),
    ])
  }
}

/**
 * Growth where the dense gradient of the task loss is largest (RigL, Evci et al. 2020), or with a momentum where that is
 * (SNFS, Dettmers & Zettlemoyer 2019). `gradient` follows the mask.
 */
export function gradientGrowth(gradient: Float32Array): Growth {
  return (layer, candidates, count) => {
    const scores = gradient.slice(layer.maskOffset, layer.maskOffset + layer.weightCount).map(Math.abs)
    return selectByRank(scores, candidates, count, 'largest')
  }
}

/**
 * One topology update: in every layer k = ⌊ratio·active⌋ active weights are dropped, those of smallest magnitude unless `drop`
 * says otherwise, and k inactive ones grow, so that the layer's count does not change. Grown weights start at 0; a weight that is dropped and
 * grown again in the same update keeps its value. Just-dropped positions are candidates unless `allowImmediateRegrow` is
 * false; k is then at most the number of positions that were inactive before. `ratio` is one for all layers or one for each.
 * The model given is not changed.
 */
export function moveTopology(
  plan: ModelPlan,
  model: MaskedModel,
  ratio: number | readonly number[],
  growth: Growth,
  allowImmediateRegrow = true,
  drop: Drop = smallestMagnitude,
): TopologyMove {
  const parameters = model.parameters.slice()
  const mask = model.mask.slice()
  const layers = plan.prunable.map((layer, index): LayerMove => {
    const { weightOffset, weightCount, maskOffset } = layer
    const weights = parameters.subarray(weightOffset, weightOffset + weightCount)
    const bits = mask.subarray(maskOffset, maskOffset + weightCount)
    const active = positionsOf(bits, 1)
    const wanted = Math.floor((typeof ratio === 'number' ? ratio : ratio[index]) * active.length)
    const count = allowImmediateRegrow ? wanted : Math.min(wanted, weightCount - active.length)

    const dropped = drop(layer, weights, active, count)
    const inactiveBefore = allowImmediateRegrow ? null : positionsOf(bits, 0)
    for (const position of dropped) bits[position] = 0
    const grown = growth(layer, inactiveBefore ?? positionsOf(bits, 0), count)
      .slice()
      .sort()
    for (const position of grown) bits[position] = 1
    for (const position of dropped) if (bits[position] === 0) weights[position] = 0
    // Positions that were inactive before hold 0 already: masked weights are 0 after every operation.
    return { dropped, grown }
  })
  return { parameters, mask, layers }
}
