import type { KernelHeap } from './kernels'
import type { NetworkLayout } from './network-layout'

/** The stages of a training step, in the order of the kernels' enumeration (kernels/network.h). */
const kernelStages = ['batch', 'forward', 'loss', 'parameter gradient', 'input gradient', 'optimiser'] as const
type KernelStage = (typeof kernelStages)[number]

/** What a training client spends its time on: the kernels' stages and what happens around them. */
export type Stage = KernelStage | 'masks and parameters' | 'images'

/** A clock, and where the times that it measures are added up. */
export interface StageTimes {
  /** Milliseconds from any fixed moment. */
  now(): number
  /** `layer` is null for a stage of the whole network. */
  add(stage: Stage, layer: string | null, milliseconds: number): void
}

/** Runs some work of a stage, on the clock when there is one. */
export function timed<Value>(times: StageTimes | null, stage: Stage, work: () => Value): Value {
  if (times === null) return work()
  const start = times.now()
  const value = work()
  times.add(stage, null, times.now() - start)
  return value
}

/** Words of a StageCall in the heap. */
export const stageCallWords = 6

/**
 * The kernels' `train_epoch` taken apart, one call for each stage of each layer, so that the clock sees them; the bits are
 * the same. The kernels themselves carry no clock and lose nothing by it.
 */
export function trainEpochInStages(
  heap: KernelHeap,
  layout: NetworkLayout,
  images: { readonly count: number; readonly batchSize: number; readonly losses: number },
  times: StageTimes,
): number {
  const { records, stageCall } = layout
  const call = heap.integers(stageCall, stageCallWords)
  const names = layerNames(layout)
  const sliced = records.findIndex(({ computed }) => computed.plan.kind === 'dense')
  const slicedCount = sliced < 0 ? records.length : sliced
  let lossSum = 0
  // One reading between two stages: a clock takes its time too.
  let last = times.now()
  for (let first = 0; first < images.count; first += images.batchSize) {
    const count = Math.min(images.batchSize, images.count - first)
    const slices = Math.ceil(count / 8)
    const run = (stage: KernelStage, layer: number | null, slice: number) => {
      call.set([layout.network, kernelStages.indexOf(stage), layer ?? 0, slice, first, count])
      heap.kernels.run_stage(stageCall)
      const now = times.now()
      times.add(stage, layer === null ? null : names[layer], now - last)
      last = now
    }
    const runBackward = (layer: number, slice: number) => {
      if (records[layer].lists !== null) run('parameter gradient', layer, slice)
      if (records[layer].inputGradient.base !== 0) run('input gradient', layer, slice)
    }
    run('batch', null, 0)
    for (let slice = 0; slice < slices; slice++)
      for (let layer = 0; layer < slicedCount; layer++) run('forward', layer, slice)
    for (let layer = slicedCount; layer < records.length; layer++) run('forward', layer, 0)
    run('loss', null, 0)
    lossSum += heap.floats(images.losses + first * 4, count).reduce((sum, loss) => sum + loss, 0) / count
    for (let layer = records.length - 1; layer >= slicedCount; layer--) runBackward(layer, 0)
    for (let slice = 0; slice < slices; slice++)
      for (let layer = slicedCount - 1; layer >= 0; layer--) runBackward(layer, slice)
    run('optimiser', null, 0)
  }
  return lossSum
}

/** The plan's names of the layers with weights; pooling layers are counted. */
function layerNames({ records }: NetworkLayout): string[] {
  let pooling = 0
  return records.map(({ computed: { plan } }) => ('name' in plan ? plan.name : `pooling ${++pooling}`))
}
