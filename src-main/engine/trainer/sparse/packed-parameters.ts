import type { ModelPlan } from '../../models/plan'
import { range } from '../../random/draw'
import { activePositions } from '../../sparsity/masks'
import type { KernelHeap } from './kernels'
import type { LayerLists, NetworkLayout, PackedLayer } from './network-layout'
import { mostBands, writeTapLists, type TapWindows } from './tap-lists'

/** The active weights and biases, packed: where each came from, and where each layer's begin. */
export interface PackedParameters {
  readonly mask: Uint8Array
  /** For each packed parameter its position in the flat parameters. */
  readonly flatPositions: Uint32Array
  readonly layers: readonly PackedLayer[]
  /** Packed weights that do not exist: their parameters, gradients and velocities are always 0. */
  readonly absent: Uint32Array
}

/**
 * The share of existing weights from which a dense layer is computed as if all existed, which is then faster than lists
 * (test/bench/README.md). What absent weights add to a sum is 0.
 */
const leastShareOfFullLayer = 0.85

/** Packs the parameters under a mask and writes the tap lists of all layers into the heap. */
export function packUnderMask(
  plan: ModelPlan,
  layout: NetworkLayout,
  heap: KernelHeap,
  mask: Uint8Array,
): PackedParameters {
  const activeOfLayer = layout.lists.map(({ plan: layer, geometry }) => {
    const active = activePositions(mask.subarray(layer.maskOffset, layer.maskOffset + layer.weightCount))
    const isFilled = geometry.packsByInput && active.length >= leastShareOfFullLayer * layer.weightCount
    return isFilled ? range(layer.weightCount) : active
  })
  const activeCount = activeOfLayer.reduce((sum, active) => sum + active.length, 0)
  const biasCount = plan.parameterCount - plan.prunableCount
  const flatPositions = new Uint32Array(activeCount + biasCount)
  const layers: PackedLayer[] = []
  const absent: number[] = []
  let nextWeight = 0
  let nextBias = activeCount
  for (const [index, lists] of layout.lists.entries()) {
    const active = activeOfLayer[index]
    const { plan: layer, geometry } = lists
    const { forwardBands, transposedBands, positions } = writeTapLists(
      geometry,
      active,
      tapWindows(lists, heap, active.length),
    )
    layers.push({ weights: nextWeight * 4, biases: nextBias * 4, forwardBands, transposedBands })
    for (const position of positions) {
      if (mask[layer.maskOffset + position] === 0) absent.push(nextWeight)
      flatPositions[nextWeight++] = layer.weightOffset + position
    }
    for (let bias = 0; bias < layer.biasCount; bias++) flatPositions[nextBias++] = layer.biasOffset + bias
  }
  heap.integers(layout.absent, absent.length).set(absent)
  return { mask: mask.slice(), flatPositions, layers, absent: Uint32Array.from(absent) }
}

function tapWindows(lists: LayerLists, heap: KernelHeap, count: number): TapWindows {
  const { outputs, inputs, kernelHeight } = lists.geometry
  return {
    forwardStarts: heap.integers(lists.forwardStarts, mostBands * outputs + 1),
    forwardOffsets: heap.integers(lists.forwardOffsets, count),
    forwardSources: heap.integers(lists.forwardSources, count),
    transposedStarts: heap.integers(lists.transposedStarts, mostBands * inputs * kernelHeight + 1),
    transposedOffsets: heap.integers(lists.transposedOffsets, count),
    transposedSources: heap.integers(lists.transposedSources, count),
  }
}

/** Writes the lists of all weight positions in their flat order, which the dense gradient runs over. */
export function writeAllPositions(layout: NetworkLayout, heap: KernelHeap): void {
  for (const { plan, geometry, allStarts, allOffsets } of layout.lists) {
    const { outputs, inputs, kernelHeight, kernelWidth, forward } = geometry
    const offsets = heap.integers(allOffsets, plan.weightCount)
    const starts = heap.integers(allStarts, outputs + 1)
    let position = 0
    for (let output = 0; output < outputs; output++) {
      starts[output] = position
      for (let input = 0; input < inputs; input++)
        for (let row = 0; row < kernelHeight; row++)
          for (let column = 0; column < kernelWidth; column++)
            offsets[position++] = forward.corner + input * forward.channel + row * forward.row + column * forward.column
    }
    starts[outputs] = position
  }
}
