import type { ModelPlan } from '../../models/plan'
import { stepCount, visitedPositions } from '../batch-order'
import { checkImages, checkLength, checkTask } from '../checks'
import type {
  ClientResult,
  ClientTask,
  Evaluation,
  LabelledImages,
  LossGradient,
  MaskedModel,
  Trainer,
} from '../trainer'
import { Arrangement, KernelHeap, kernelsName, type SparseKernels } from './kernels'
import { layerRecordWords, layOutNetwork, networkWords, viewWords, type NetworkLayout } from './network-layout'
import { packUnderMask, writeAllPositions, type PackedParameters } from './packed-parameters'
import { timed, trainEpochInStages, type StageTimes } from './stages'
import { vectorLanes } from './tensors'

export { kernelsName, type NativeAddon, type SparseKernels } from './kernels'
export type { Stage, StageTimes } from './stages'

/** Batches of evaluation and dense gradients; any batch of training fits from the start. */
const usualLanes = 32
/** Images copied into the heap at once when they need not all be there. */
const imagesAtOnce = 4096

/**
 * The CPU trainer: convolution and dense layers visit only the weights that exist, so that the cost of a step falls with
 * the density. Sums run in a fixed order without fused multiply-add, so results are the same bits on every machine.
 *
 * @param times where training is to add up the time of each stage; measuring slows it down a little
 * @throws EspalierError when the plan holds a chain of layers it cannot run, or needs more than 1 GiB
 */
export function createSparseTrainer(plan: ModelPlan, kernels: SparseKernels, times: StageTimes | null = null): Trainer {
  return new SparseTrainer(plan, kernels, times)
}

/** Where a set of images lies in the heap. */
interface PlacedImages {
  readonly count: number
  readonly pixels: number
  readonly labels: number
  readonly order: number
  readonly losses: number
  readonly correct: number
}

/** The numbers of one kernel call; those that a call does not use are 0. */
interface KernelSettings {
  readonly batchSize: number
  readonly learningRate: number
  readonly momentum: number
  readonly weightDecay: number
  readonly proximalCoefficient: number
  readonly gradientScale: number
}
const noSteps: KernelSettings = {
  batchSize: usualLanes,
  learningRate: 0,
  momentum: 0,
  weightDecay: 0,
  proximalCoefficient: 0,
  gradientScale: 0,
}

class SparseTrainer implements Trainer {
  readonly description: string
  private readonly heap: KernelHeap
  private layout: NetworkLayout
  private packed: PackedParameters | null = null

  constructor(
    readonly plan: ModelPlan,
    kernels: SparseKernels,
    private readonly times: StageTimes | null,
  ) {
    this.description = kernelsName(kernels)
    this.heap = new KernelHeap(kernels)
    this.layout = this.layOut(usualLanes, false)
  }

  trainClient(task: ClientTask): ClientResult {
    const { images, indices, batchSize } = task
    checkTask(this.plan, task)
    this.ensureRoom(Math.ceil(batchSize / vectorLanes) * vectorLanes, false)
    const packed = timed(this.times, 'masks and parameters', () => this.loadModel(task))
    this.startOptimiser(task, packed)
    const placed = timed(this.times, 'images', () => this.placeImages(images, indices))
    let lossSum = 0
    let visited = -1
    for (const positions of visitedPositions(task)) {
      if (positions.length !== visited) {
        visited = positions.length
        this.writeRecords(packed, images, { ...placed, count: visited }, task, false)
      }
      this.heap.integers(placed.order, visited).set(positions)
      lossSum += this.trainEpoch({ ...placed, count: visited }, batchSize)
    }
    const [parameters, velocity] = timed(this.times, 'masks and parameters', () => [
      this.unpack(packed, this.layout.parameters),
      task.discardsVelocity === true ? new Float32Array(0) : this.unpack(packed, this.layout.velocities),
    ])
    return {
      parameters,
      velocity,
      steps: stepCount(task),
      lossSum,
    }
  }

  evaluate(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Evaluation {
    checkImages(this.plan, images, indices)
    const packed = this.loadModel(model)
    const correct = new Uint8Array(indices.length)
    let lossSum = 0
    for (let first = 0; first < indices.length; first += imagesAtOnce) {
      const placed = this.placeImages(images, indices.subarray(first, first + imagesAtOnce))
      this.writeRecords(packed, images, placed, noSteps, false)
      this.heap.kernels.evaluate(this.layout.network)
      for (const loss of this.heap.floats(placed.losses, placed.count)) lossSum += loss
      correct.set(this.heap.bytes(placed.correct, placed.count), first)
    }
    return { lossSum, correct }
  }

  gradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array): LossGradient {
    checkImages(this.plan, images, indices)
    this.ensureRoom(usualLanes, true)
    const packed = this.loadModel(model)
    const { prunable, prunableCount } = this.plan
    this.heap.floats(this.layout.denseGradient, prunableCount).fill(0)
    // Gradients of biases are added to the packed ones.
    this.heap.floats(this.layout.gradients, wholeVectors(packed)).fill(0)
    let lossSum = 0
    for (let first = 0; first < indices.length; first += imagesAtOnce) {
      const placed = this.placeImages(images, indices.subarray(first, first + imagesAtOnce))
      this.writeRecords(packed, images, placed, { ...noSteps, gradientScale: 1 / indices.length }, true)
      this.heap.kernels.add_gradient(this.layout.network)
      for (const loss of this.heap.floats(placed.losses, placed.count)) lossSum += loss
    }
    const gradient = this.unpack(packed, this.layout.gradients)
    const dense = this.heap.floats(this.layout.denseGradient, prunableCount)
    for (const { weightOffset, weightCount, maskOffset } of prunable) {
      gradient.set(dense.subarray(maskOffset, maskOffset + weightCount), weightOffset)
    }
    return { loss: lossSum / indices.length, gradient }
  }

  dispose(): void {
    this.packed = null
  }

  private trainEpoch({ count, losses }: PlacedImages, batchSize: number): number {
    const { heap, layout, times } = this
    if (times === null) return heap.kernels.train_epoch(layout.network)
    return trainEpochInStages(heap, layout, { count, batchSize, losses }, times)
  }

  private layOut(lanes: number, withDenseGradient: boolean): NetworkLayout {
    const layout = layOutNetwork(this.plan, this.heap.base, lanes, withDenseGradient)
    this.heap.reserve(layout.end, `model ${this.plan.name} with batches of ${lanes}`)
    // Borders of tensors rely on it.
    this.heap.bytes(this.heap.base, layout.end - this.heap.base).fill(0)
    if (withDenseGradient) writeAllPositions(layout, this.heap)
    return layout
  }

  /** Room only grows: what a call computes does not depend on it. */
  private ensureRoom(lanes: number, withDenseGradient: boolean): void {
    const hasDenseGradient = this.layout.denseGradient !== 0
    if (lanes <= this.layout.lanes && (hasDenseGradient || !withDenseGradient)) return
    this.packed = null
    this.layout = this.layOut(Math.max(lanes, this.layout.lanes), withDenseGradient || hasDenseGradient)
  }

  /** Brings the parameters into the heap; lists are written again only when the mask is another. */
  private loadModel({ parameters, mask }: MaskedModel): PackedParameters {
    const { parameterCount, prunableCount } = this.plan
    checkLength('parameters', parameters.length, parameterCount)
    checkLength('mask', mask.length, prunableCount)
    if (this.packed === null || Buffer.compare(this.packed.mask, mask) !== 0) {
      this.packed = packUnderMask(this.plan, this.layout, this.heap, mask)
    }
    const window = this.heap.floats(this.layout.parameters, wholeVectors(this.packed))
    pack(parameters, this.packed, window)
    window.fill(0, this.packed.flatPositions.length)
    this.heap.floats(this.layout.received, window.length).set(window)
    return this.packed
  }

  private startOptimiser({ velocity, anchor }: ClientTask, packed: PackedParameters): void {
    const capacity = wholeVectors(packed)
    this.heap.floats(this.layout.gradients, capacity).fill(0)
    const velocities = this.heap.floats(this.layout.velocities, capacity).fill(0)
    const received = this.heap.floats(this.layout.received, capacity)
    for (const [given, field, window] of [
      [velocity, 'velocity', velocities],
      [anchor, 'anchor', received],
    ] as const) {
      if (given === undefined) continue
      checkLength(field, given.length, this.plan.parameterCount)
      pack(given, packed, window)
    }
  }

  /** The packed values at a place of the heap as flat parameters; masked weights are 0. */
  private unpack({ flatPositions }: PackedParameters, position: number): Float32Array {
    const flat = new Float32Array(this.plan.parameterCount)
    const window = this.heap.floats(position, flatPositions.length)
    for (let index = 0; index < flatPositions.length; index++) flat[flatPositions[index]] = window[index]
    return flat
  }

  /** Copies images behind the network, in the order of `indices`. */
  private placeImages(images: LabelledImages, indices: Uint32Array): PlacedImages {
    const count = indices.length
    const [channels, height, width] = images.shape
    const imageBytes = channels * height * width
    const room = new Arrangement(this.layout.end)
    const placed: PlacedImages = {
      count,
      pixels: room.take(count * imageBytes),
      labels: room.take(count),
      order: room.take(count * 4),
      losses: room.take(count * 4),
      correct: room.take(count),
    }
    this.heap.reserve(room.end, `a client with ${count} images of model ${this.plan.name}`)
    const pixels = this.heap.bytes(placed.pixels, count * imageBytes)
    const labels = this.heap.bytes(placed.labels, count)
    const order = this.heap.integers(placed.order, count)
    for (const [place, index] of indices.entries()) {
      pixels.set(images.pixels.subarray(index * imageBytes, (index + 1) * imageBytes), place * imageBytes)
      labels[place] = images.labels[index]
      order[place] = place
    }
    return placed
  }

  private writeRecords(
    packed: PackedParameters,
    images: LabelledImages,
    placed: PlacedImages,
    settings: Omit<KernelSettings, 'gradientScale'> & { readonly gradientScale?: number },
    dense: boolean,
  ): void {
    const { layout, heap } = this
    const layerWords = layerRecordWords(layout, packed.layers, dense)
    heap.integers(layout.layers, layerWords.length).set(layerWords)
    heap.floats(layout.tables, images.shape[0] * 256).set(standardisationTables(images, layout.rectifiedInput))
    const integers = [
      ...[layout.layers, layout.records.length, layout.lanes, this.plan.classes],
      ...[placed.pixels, placed.labels, placed.order, layout.tables],
      ...images.shape,
      ...viewWords(layout.input),
      ...[placed.count, settings.batchSize],
      ...[
        layout.logits,
        layout.logitsGradient,
        layout.logitsSlice,
        layout.rectifiedLogits ? 1 : 0,
        this.plan.endsInSoftmax === true ? 1 : 0,
      ],
      ...[placed.losses, placed.correct],
      ...[layout.parameters, layout.gradients, layout.velocities, layout.received, packed.flatPositions.length],
      ...[layout.absent, packed.absent.length],
      layout.scratch,
    ]
    const floats = [
      ...[settings.learningRate, settings.momentum, settings.weightDecay, settings.proximalCoefficient],
      settings.gradientScale ?? 0,
    ]
    heap.integers(layout.network, networkWords).set(integers)
    heap.floats(layout.network + integers.length * 4, floats.length).set(floats)
  }
}

/** Flat values of the parameters that exist, into their packed places; absent ones are 0. */
function pack(values: Float32Array, { flatPositions, absent }: PackedParameters, window: Float32Array): void {
  for (let index = 0; index < flatPositions.length; index++) window[index] = values[flatPositions[index]]
  for (const index of absent) window[index] = 0
}

/** Floats that the packed parameters take, which the kernels visit by whole vectors. */
function wholeVectors({ flatPositions }: PackedParameters): number {
  return Math.ceil(flatPositions.length / vectorLanes) * vectorLanes
}

/** Per channel the standardised value of every byte; a ReLU on the input is applied here. */
function standardisationTables({ shape, mean, deviation }: LabelledImages, rectified: boolean): Float32Array {
  return Float32Array.from({ length: shape[0] * 256 }, (_, index) => {
    const channel = Math.floor(index / 256)
    const value = ((index % 256) / 255 - mean[channel]) / deviation[channel]
    return rectified ? Math.max(0, value) : value
  })
}
