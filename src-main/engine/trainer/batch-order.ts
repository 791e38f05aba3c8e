import { range } from '../random/draw'
import { namedStream, shuffle } from '../random/streams'

/** What decides which images are in which step of local training. */
export interface BatchOrder {
  /** The client's training images. */
  readonly indices: Uint32Array
  readonly localEpochs: number
  readonly batchSize: number
  /** Epoch e shuffles the indices with the stream `${batchOrderLabel}/${e}` of this seed. */
  readonly seed: number
  readonly batchOrderLabel: string
  /** False takes the indices as they stand in every epoch. */
  readonly isShuffled?: boolean
  /** The steps to take, counted over all epochs; all of them when left out. */
  readonly stepRange?: StepRange
}

export interface StepRange {
  readonly first: number
  readonly count: number
}

/** Optimiser steps of one epoch; the last batch may be smaller. */
export function stepsPerEpoch({ indices, batchSize }: Pick<BatchOrder, 'indices' | 'batchSize'>): number {
  return Math.ceil(indices.length / batchSize)
}

/** Optimiser steps that the order asks for. */
export function stepCount(order: BatchOrder): number {
  return order.stepRange?.count ?? order.localEpochs * stepsPerEpoch(order)
}

/**
 * The images in the order in which training visits them, epoch by epoch and cut to the steps asked for: positions within
 * `indices`. Every part but the last of an epoch holds whole batches.
 */
export function* visitedPositions(order: BatchOrder): Generator<Uint32Array> {
  const { indices, batchSize, seed, batchOrderLabel } = order
  const perEpoch = stepsPerEpoch(order)
  const first = order.stepRange?.first ?? 0
  const end = first + stepCount(order)
  for (let step = first; step < end;) {
    const epoch = Math.floor(step / perEpoch)
    const from = step - epoch * perEpoch
    const to = Math.min(perEpoch, end - epoch * perEpoch)
    const inOrder = range(indices.length)
    const positions =
      order.isShuffled === false ? inOrder : shuffle(namedStream(seed, `${batchOrderLabel}/${epoch}`), inOrder)
    yield positions.subarray(from * batchSize, to * batchSize)
    step = epoch * perEpoch + to
  }
}

/** The images of every step asked for, in order: for a method that takes its steps itself. */
export function* batches(order: BatchOrder): Generator<Uint32Array> {
  for (const positions of visitedPositions(order)) {
    for (let start = 0; start < positions.length; start += order.batchSize) {
      yield positions.subarray(start, start + order.batchSize).map((position) => order.indices[position])
    }
  }
}
