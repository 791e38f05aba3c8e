import { range } from '../random/draw'
import type { Evaluation } from '../trainer/trainer'

/** Images evaluated as one unit, so that the sum of losses does not depend on the number of workers. */
const imagesPerBlock = 1000

/** Cuts `count` images into the blocks in which they are evaluated. */
export function evaluationBlocks(count: number): Uint32Array[] {
  const indices = range(count)
  const blocks: Uint32Array[] = []
  for (let start = 0; start < count; start += imagesPerBlock) blocks.push(indices.slice(start, start + imagesPerBlock))
  return blocks
}

/** The evaluation of the whole set out of those of its blocks, in their order. */
export function mergeEvaluations(blocks: readonly Evaluation[]): Evaluation {
  const correct = new Uint8Array(blocks.reduce((length, block) => length + block.correct.length, 0))
  let lossSum = 0
  let at = 0
  for (const block of blocks) {
    lossSum += block.lossSum
    correct.set(block.correct, at)
    at += block.correct.length
  }
  return { lossSum, correct }
}

/** Share of the given images that were classified correctly; null when there are none. */
export function accuracyOn(correct: Uint8Array, indices: Uint32Array): number | null {
  if (indices.length === 0) return null
  let hits = 0
  for (const index of indices) hits += correct[index]
  return hits / indices.length
}
