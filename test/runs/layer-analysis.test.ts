import { beforeAll, describe, expect, it } from 'vitest'
import { jaccard } from '../../src-main/engine/sparsity/exploration'
import { unpackBits } from '../../src-main/engine/sparsity/pack-bits'
import { flatMask, readMask, maskFile } from '../../src-main/sessions/mask-file'
import { launch, tinyExperiment, useBench } from './bench'
import { join } from 'node:path'

const bench = useBench()
let sessionId = ''
let dynamicId = ''
let staticId = ''
const masks: Uint8Array[] = []

beforeAll(async () => {
  const dynamic = await launch(bench, tinyExperiment({ readjustmentRatio: 0.5 }))
  sessionId = dynamic.sessionId
  dynamicId = dynamic.runId
  staticId = (await launch(bench, tinyExperiment({ method: 'static' }), sessionId)).runId
  for (const runId of [dynamicId, staticId]) await bench.laboratory.settled(sessionId, runId)
  const folder = await bench.laboratory.sessions.runFolderOf(sessionId, dynamicId)
  const { topology } = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
  for (const { update } of topology) masks.push(flatMask(await readMask(join(folder, maskFile(update)))))
})

describe('what the layers page asks', () => {
  it('agrees with the records and with the masks', async () => {
    const { topology } = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
    const history = await bench.laboratory.ask('runs.layerHistory', { sessionId, runId: dynamicId })
    expect(topology.length).toBeGreaterThan(3)
    expect(history.roundsBefore).toEqual(topology.map(({ update, round }) => (update === 0 ? 0 : round + 1)))
    expect(history.layers.map(({ layer }) => layer)).toEqual(topology[0].layers.map(({ layer }) => layer))
    const similarity = await bench.laboratory.ask('runs.maskSimilarity', { sessionId, runId: dynamicId, layer: null })
    expect(similarity.jaccard.map((row) => row[0])).toEqual(masks.map((mask) => jaccard(mask, masks[0])))
    const first = await bench.laboratory.ask('runs.maskSimilarity', { sessionId, runId: dynamicId, layer: 0 })
    expect(first.jaccard[0]).toEqual(topology.map(({ layers }) => layers[0].jaccardWithFirst))
    for (const [index, { regrown }] of history.layers.entries()) {
      regrown.forEach((count, update) => {
        expect(count).toBeLessThanOrEqual(topology[update].layers[index].grown)
      })
    }
  })

  it('gives a mask with the one before and all that were ever active before it, in any order of asking', async () => {
    const { topology } = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
    const { weights } = topology[0].layers[0]
    const part = (mask: Uint8Array) => mask.subarray(0, weights)
    for (const update of [3, 1, 4, 2, 0]) {
      const picture = await bench.laboratory.ask('runs.mask', { sessionId, runId: dynamicId, update, layer: 0 })
      expect(Buffer.compare(unpackBits(picture.bits, weights), part(masks[update]))).toBe(0)
      if (picture.before === null || picture.earlier === null) {
        expect(update).toBe(0)
        continue
      }
      expect(Buffer.compare(unpackBits(picture.before, weights), part(masks[update - 1]))).toBe(0)
      const earlier = part(masks[0]).map((_, at) => (masks.slice(0, update).some((mask) => mask[at] === 1) ? 1 : 0))
      expect(Buffer.compare(unpackBits(picture.earlier, weights), earlier)).toBe(0)
    }
    await expect(
      bench.laboratory.ask('runs.mask', { sessionId, runId: dynamicId, update: 0, layer: 9 }),
    ).rejects.toThrow('layer: 9 is not allowed; allowed: 0 to 2')
  })

  it('compares arms under the masks they have in force', async () => {
    const ask = (round: number) =>
      bench.laboratory.ask('runs.maskOverlap', { sessionId, runIds: [dynamicId, staticId], round, layer: null })
    // The two share a seed, so a first mask; the static one keeps it.
    const late = await ask(5)
    expect(late.updates).toEqual([masks.length - 1, 0])
    expect(late.jaccard[0][1]).toBe(jaccard(masks[masks.length - 1], masks[0]))
    expect((await ask(0)).updates).toEqual([1, 0])
  })

  it('counts degrees that add up to the active weights, and the weights of the newest checkpoint', async () => {
    const { topology } = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
    const units = await bench.laboratory.ask('runs.units', { sessionId, runId: dynamicId, update: 2 })
    const sums = units.map(({ incoming }) => incoming.reduce((sum, count) => sum + count, 0))
    expect(sums).toEqual(topology[2].layers.map(({ active }) => active))
    expect(units[0].outgoing?.reduce((sum, count) => sum + count, 0)).toBe(topology[2].layers[1].active)
    const { roundsDone, layers } = await bench.laboratory.ask('runs.weights', { sessionId, runId: dynamicId })
    expect(roundsDone).toBe(6)
    expect(layers.map(({ histogram }) => histogram.alive.reduce((sum, count) => sum + count, 0))).toEqual(
      topology[topology.length - 1].layers.map(({ active }) => active),
    )
  })

  it('records before each update which weights stayed and which were set to zero', async () => {
    const { topology } = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
    for (const { layers } of topology.slice(1)) {
      for (const { active, pruned, weightHistogram } of layers) {
        const sum = (counts: readonly number[] = []) => counts.reduce((total, count) => total + count, 0)
        expect(sum(weightHistogram?.alive)).toBe(active)
        expect(sum(weightHistogram?.removed)).toBe(pruned)
      }
    }
  })

  it('compares the masks that clients grow for themselves, and says nothing where they have none', async () => {
    const own = await launch(
      bench,
      tinyExperiment({
        method: 'feddst-official',
        readjustmentRatio: 0.2,
        rateDecayMethod: 'constant',
        pruningBegin: 0,
        pruningInterval: 1,
      }),
    )
    expect((await bench.laboratory.settled(own.sessionId, own.runId)).message).toBe('')
    const { rounds, topology } = await bench.laboratory.ask('runs.records', own)
    const compared = topology.filter(({ clientOverlap }) => clientOverlap !== undefined)
    expect(compared.length).toBeGreaterThan(0)
    for (const { round, clientOverlap } of compared) {
      expect(clientOverlap?.clients).toEqual(rounds[round].clients)
      const values = clientOverlap?.jaccard ?? []
      expect(values.map((row, index) => row[index])).toEqual(values.map(() => 1))
      expect(values[0][1]).toBe(values[1][0])
    }
    const all = compared.flatMap(({ clientOverlap }) => clientOverlap?.jaccard.flat() ?? [])
    expect(Math.min(...all)).toBeGreaterThan(0)
    expect(Math.min(...all)).toBeLessThan(1)
    const global = await bench.laboratory.ask('runs.records', { sessionId, runId: dynamicId })
    expect(global.topology.every(({ clientOverlap }) => clientOverlap === undefined)).toBe(true)
  })
})
