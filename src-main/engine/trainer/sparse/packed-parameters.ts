import type { ModelPlan } from '../../models/plan'
import type { KernelHeap } from './kernels'
import type { NetworkLayout, PackedLayer } from './network-layout'
import { writeTapLists, type TapWindows } from './tap-lists'

/** The active weights and biases, packed: where each came from, and where each layer's begin. */
export interface PackedParameters {
  readonly mask: Uint8Array
  /** For each packed parameter its position in the flat parameters. */
  readonly flatPositions: Uint32Array
  readonly layers: readonly PackedLayer[]
  readonly transposedCount: number
}

/** Packs the parameters under a mask and writes the tap lists of all layers into the heap. */
export function packUnderMask(
  plan: ModelPlan,
  layout: NetworkLayout,
  heap: KernelHeap,
  mask: Uint8Array,
): PackedParameters {
  const activeOfLayer = layout.lists.map(({ plan: layer }) =>
    activePositions(mask.subarray(layer.maskOffset, layer.maskOffset + layer.weightCount)),
  )
  const activeCount = activeOfLayer.reduce((sum, active) => sum + active.length, 0)
  const biasCount = plan.parameterCount - plan.prunableCount
  const flatPositions = new Uint32Array(activeCount + biasCount)
  const layers: PackedLayer[] = []
  let nextWeight = 0
  let nextBias = activeCount
  let transposedCount = 0
  for (const [index, lists] of layout.lists.entries()) {
    const active = activeOfLayer[index]
    const { plan: layer, geometry } = lists
    layers.push({ weights: nextWeight * 4, biases: nextBias * 4, transposed: transposedCount * 4 })
    const windows: TapWindows = {
      forwardStarts: heap.integers(lists.forwardStarts, geometry.outputs + 1),
      forwardOffsets: heap.integers(lists.forwardOffsets, active.length),
      transposedStarts: heap.integers(lists.transposedStarts, geometry.inputs + 1),
      transposedOffsets: heap.integers(lists.transposedOffsets, active.length),
      transposedSources: heap.integers(layout.transposedSources + transposedCount * 4, active.length),
    }
    writeTapLists(geometry, active, nextWeight, windows)
    for (const position of active) flatPositions[nextWeight++] = layer.weightOffset + position
    for (let bias = 0; bias < layer.biasCount; bias++) flatPositions[nextBias++] = layer.biasOffset + bias
    // The first layer's lists stay unused: nothing before it learns.
    if (lists.needsInputGradient) transposedCount += active.length
  }
  return { mask: mask.slice(), flatPositions, layers, transposedCount }
}

/** Writes the lists of all weight positions, which the dense gradient runs over. */
export function writeAllPositions(layout: NetworkLayout, heap: KernelHeap): void {
  for (const { plan, geometry, allStarts, allOffsets } of layout.lists) {
    const { outputs, inputs } = geometry
    const everything = Uint32Array.from({ length: plan.weightCount }, (_, position) => position)
    writeTapLists(geometry, everything, 0, {
      forwardStarts: heap.integers(allStarts, outputs + 1),
      forwardOffsets: heap.integers(allOffsets, plan.weightCount),
      transposedStarts: new Int32Array(inputs + 1),
      transposedOffsets: new Int32Array(plan.weightCount),
      transposedSources: new Int32Array(plan.weightCount),
    })
  }
}

function activePositions(mask: Uint8Array): Uint32Array {
  let count = 0
  for (const bit of mask) count += bit
  const positions = new Uint32Array(count)
  let next = 0
  for (let position = 0; position < mask.length; position++) if (mask[position] !== 0) positions[next++] = position
  return positions
}
