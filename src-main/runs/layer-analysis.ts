import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { EspalierError, type MaskPicture } from '../contract/commands'
import type { CurrentWeights, LayerHistory, MaskSimilarity, UnitDegrees } from '../contract/layers'
import { MaskHistory } from '../engine/sparsity/mask-history'
import { packedJaccard, packedMask, type PackedMask } from '../engine/sparsity/packed-masks'
import { unitDegrees } from '../engine/sparsity/unit-degrees'
import { weightHistogram } from '../engine/sparsity/weight-histogram'
import { readCheckpoints } from '../sessions/checkpoints'
import { maskFile, type PackedLayer } from '../sessions/mask-file'
import { readManifest, readRunMask, readTopology } from '../sessions/run-folder'

/** More masks than this are not compared pair by pair: they are thinned evenly, the first and the last stay. */
const mostCompared = 96
const cachedBytes = 96 * 1024 ** 2
/** Longest work in one go: runs are trained from the same thread of events. */
const sliceMilliseconds = 12

/** Answers about the masks of runs, computed from their files. Files are read once as long as they fit a cache. */
export class LayerAnalysis {
  readonly #cache = new Map<string, { readonly stamp: string; readonly layers: PackedLayer[] }>()
  #cached = 0
  #firstActive: FirstActive | null = null

  /** One layer after an update, with the mask before it and all weights that were ever active before it. */
  async mask(folder: string, update: number, layer: number): Promise<MaskPicture> {
    const current = layerOf(await this.#read(folder, update), layer)
    const before = update === 0 ? null : layerOf(await this.#read(folder, update - 1), layer).bits
    const earlier = update < 2 ? before : await this.#activeBefore(folder, update, layer)
    return { layer: current.layer, shape: current.shape, bits: current.bits, before, earlier }
  }

  /** Ages and survival of connections over all masks of a run. */
  async history(folder: string): Promise<LayerHistory> {
    const { records } = await readTopology(folder)
    const roundsBefore = records.map(({ update, round }) => (update === 0 ? 0 : round + 1))
    const histories: MaskHistory[] = []
    const names: string[] = []
    for (const update of records.keys()) {
      for (const [index, { layer, weights, bits }] of (await this.#read(folder, update)).entries()) {
        histories[index] ??= new MaskHistory(weights)
        names[index] = layer
        histories[index].add(bits, roundsBefore[update])
        await nextTurn()
      }
    }
    return {
      roundsBefore,
      layers: histories.map((history, index) => ({
        layer: names[index],
        meanAge: history.meanAge,
        regrown: history.regrown,
        survival: history.survival(),
      })),
    }
  }

  /** Similarity of the masks of a run with one another; of one layer, or of the whole network. */
  async similarity(folder: string, layer: number | null): Promise<MaskSimilarity> {
    const { records } = await readTopology(folder)
    const updates = evenly(records.length, mostCompared)
    const masks: PackedMask[] = []
    for (const update of updates) masks.push(partOf(await this.#read(folder, update), layer))
    return { updates, jaccard: await everyPair(masks, packedJaccard) }
  }

  /** Similarity of the masks that several runs have in force after one and the same round. */
  async overlap(folders: readonly string[], round: number, layer: number | null): Promise<MaskSimilarity> {
    const updates: number[] = []
    const masks: { readonly shapes: string; readonly mask: PackedMask }[] = []
    for (const folder of folders) {
      const { records } = await readTopology(folder)
      const inForce = records.findLast((record) => record.update === 0 || record.round <= round)
      if (inForce === undefined) throw new EspalierError('not-found', `${folder} has no mask.`)
      const layers = await this.#read(folder, inForce.update)
      updates.push(inForce.update)
      masks.push({ shapes: JSON.stringify(layers.map(({ shape }) => shape)), mask: partOf(layers, layer) })
    }
    return {
      updates,
      jaccard: await everyPair(masks, (a, b) => (a.shapes === b.shapes ? packedJaccard(a.mask, b.mask) : null)),
    }
  }

  /** In- and out-degrees of all units after an update. */
  async units(folder: string, update: number): Promise<UnitDegrees[]> {
    return unitDegrees(await this.#read(folder, update))
  }

  /** The newest weights, alive ones in bins. Throws `not-found` before the first round has ended. */
  async weights(folder: string): Promise<CurrentWeights> {
    const [{ found }, { summary }] = await Promise.all([readCheckpoints(folder), readManifest(folder)])
    const state = found.at(0)?.state
    if (state === undefined || summary === null) {
      throw new EspalierError('not-found', 'There are no weights yet: the first round has not ended.')
    }
    let weightOffset = 0
    let maskOffset = 0
    const layers = summary.layers.map(({ layer, weights, biases }) => {
      const mask = state.mask.subarray(maskOffset, maskOffset + weights)
      const histogram = weightHistogram(state.parameters.subarray(weightOffset, weightOffset + weights), mask, mask)
      weightOffset += weights + biases
      maskOffset += weights
      return { layer, weights, histogram }
    })
    return { roundsDone: state.nextRound, layers }
  }

  async #read(folder: string, update: number): Promise<PackedLayer[]> {
    const path = join(folder, maskFile(update))
    const stamp = await stat(path).then(
      ({ mtimeMs, size }) => `${mtimeMs} ${size}`,
      () => 'missing',
    )
    const known = this.#cache.get(path)
    if (known?.stamp === stamp) {
      this.#cache.delete(path)
      this.#cache.set(path, known)
      return known.layers
    }
    const layers = await readRunMask(folder, update)
    if (known !== undefined) this.#forget(path)
    this.#cache.set(path, { stamp, layers })
    this.#cached += bytesOf(layers)
    for (const oldest of this.#cache.keys()) {
      if (this.#cached <= cachedBytes || oldest === path) break
      this.#forget(oldest)
    }
    return layers
  }

  #forget(path: string): void {
    this.#cached -= bytesOf(this.#cache.get(path)?.layers ?? [])
    this.#cache.delete(path)
  }

  /** Packed bits of the weights that some mask before `update` had. */
  async #activeBefore(folder: string, update: number, layer: number): Promise<Uint8Array> {
    if (this.#firstActive?.folder !== folder || this.#firstActive.layer !== layer) {
      this.#firstActive = { folder, layer, updates: 0, everActive: new Uint8Array(0), first: new Uint32Array(0) }
    }
    const seen = this.#firstActive
    while (seen.updates < update) {
      const at = seen.updates
      const { bits, weights } = layerOf(await this.#read(folder, at), layer)
      // Another request may have gone on while the file was read.
      if (seen.updates !== at) continue
      note(seen, bits, weights)
      await nextTurn()
    }
    return earlierThan(seen, update)
  }
}

/** For every weight of a layer the first mask that has it. */
interface FirstActive {
  readonly folder: string
  readonly layer: number
  updates: number
  everActive: Uint8Array
  first: Uint32Array
}

function note(seen: FirstActive, bits: Uint8Array, weights: number): void {
  if (seen.updates === 0) {
    seen.everActive = new Uint8Array(bits.length)
    seen.first = new Uint32Array(weights).fill(0xffffffff)
  }
  for (let byte = 0; byte < bits.length; byte++) {
    for (let fresh = bits[byte] & ~seen.everActive[byte]; fresh !== 0; fresh &= fresh - 1) {
      seen.first[byte * 8 + 31 - Math.clz32(fresh & -fresh)] = seen.updates
    }
    seen.everActive[byte] |= bits[byte]
  }
  seen.updates++
}

function earlierThan({ first, everActive, updates }: FirstActive, update: number): Uint8Array {
  if (update === updates) return everActive.slice()
  const bits = everActive.slice()
  for (let weight = 0; weight < first.length; weight++) {
    if (first[weight] >= update) bits[weight >> 3] &= ~(1 << (weight & 7))
  }
  return bits
}

function layerOf(layers: readonly PackedLayer[], layer: number): PackedLayer {
  const found = layers.at(layer)
  if (found === undefined) {
    throw new EspalierError('wrong-input', `layer: ${layer} is not allowed; allowed: 0 to ${layers.length - 1}`)
  }
  return found
}

function partOf(layers: readonly PackedLayer[], layer: number | null): PackedMask {
  return packedMask((layer === null ? layers : [layerOf(layers, layer)]).map(({ bits }) => bits))
}

function bytesOf(layers: readonly PackedLayer[]): number {
  return layers.reduce((sum, { bits }) => sum + bits.length, 0)
}

/** At most `most` numbers below `count`, evenly spread, the first and the last among them. */
function evenly(count: number, most: number): number[] {
  if (count <= most) return Array.from({ length: count }, (_, index) => index)
  return Array.from({ length: most }, (_, index) => Math.round((index * (count - 1)) / (most - 1)))
}

/** A symmetric measure of every pair, in slices short enough for other work in between. */
async function everyPair<Item, Value>(
  items: readonly Item[],
  measure: (a: Item, b: Item) => Value,
): Promise<Value[][]> {
  const values: Value[][] = items.map(() => [])
  let sliceEnd = performance.now() + sliceMilliseconds
  for (const [row, a] of items.entries()) {
    for (let column = 0; column <= row; column++) {
      values[row][column] = values[column][row] = measure(a, items[column])
      if (performance.now() < sliceEnd) continue
      await nextTurn()
      sliceEnd = performance.now() + sliceMilliseconds
    }
  }
  return values
}
