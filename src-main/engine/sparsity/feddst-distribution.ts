import { kernelShape } from '../models/build-plan'
import type { PrunableLayerPlan } from '../models/plan'

/**
 * How FedDST's published code shares a sparsity out (`_weights_by_layer` in models.py), which the code that grew from it
 * uses unchanged. It scales the layers' *sparsities*, without a cap: raw_l = 1 − Σ dimensions / Π dimensions; s_l = c·raw_l
 * with c so that the shares of weights and biases are right; a layer keeps ⌊(1 − s_l)·(weights + biases)⌋ weights. The result
 * is nearly uniform and is not RigL's ERK. For `er` only the channel dimensions count, for `uniform` raw_l = 1.
 * Null stands for a layer that the code leaves untouched because its share is below 0 or above its size.
 */
export function feddstCounts(
  layers: readonly PrunableLayerPlan[],
  sparsity: number,
  distribution: 'uniform' | 'er' | 'erk',
): (number | null)[] {
  const sizes = layers.map(({ weightCount, biasCount }) => weightCount + biasCount)
  const raw = layers.map((layer) => rawSparsity(layer, distribution))
  const total = sizes.reduce((sum, size) => sum + size, 0)
  const weighted = raw.reduce((sum, share, index) => sum + share * sizes[index], 0)
  const scale = (sparsity * total) / weighted
  return layers.map(({ weightCount }, index) => {
    const keep = Math.floor((1 - scale * raw[index]) * sizes[index])
    const pruned = weightCount - keep
    return pruned >= weightCount || pruned < 0 ? null : keep
  })
}

function rawSparsity(layer: PrunableLayerPlan, distribution: 'uniform' | 'er' | 'erk'): number {
  if (distribution === 'uniform') return 1
  const shape = kernelShape(layer)
  const dimensions = distribution === 'erk' ? shape : shape.slice(0, 2)
  const sum = dimensions.reduce((total, size) => total + size, 0)
  return 1 - sum / dimensions.reduce((product, size) => product * size, 1)
}
