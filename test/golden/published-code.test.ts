import { describe, expect, it } from 'vitest'
import type { Experiment, ExperimentInput } from '../../src-main/contract/experiment'
import { activePerLayer, applyMask } from '../../src-main/engine/sparsity/masks'
import { clientCost } from '../../src-main/engine/accounting/round-cost'
import type { NamedArrays } from '../../src-main/engine/federated/named-arrays'
import { feddstOfficial } from '../../src-main/engine/methods/feddst-official'
import type { MethodRecipe } from '../../src-main/engine/methods/recipe'
import { seedCodeWith } from '../../src-main/engine/methods/seed-code'
import { range } from '../../src-main/engine/random/draw'
import { unmoved } from '../../src-main/engine/sparsity/topology-update'
import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import type { LabelledImages, MaskedModel } from '../../src-main/engine/trainer/trainer'
import { experimentWith } from '../engine/experiments'
import { wasmKernels } from '../trainer/sparse-kernels'
import { tinyPlan } from '../trainer/tiny-plans'
import golden from './presets.json' with { type: 'json' }

/**
 * Replays make_preset_fixtures.py step by step on the hooks of the two methods. Masks must be equal bit for bit; parameters
 * part from PyTorch's double precision by rounding (seen: 2e-6).
 */
const tolerance = 2e-5

const plan = {
  ...tinyPlan(
    [1, 8, 8],
    [
      { kind: 'convolution', channels: 3, kernel: [3, 3] },
      { kind: 'relu' },
      { kind: 'max-pooling', window: 2, stride: 1 },
      { kind: 'convolution', channels: 4, kernel: [3, 3] },
      { kind: 'relu' },
      { kind: 'flatten' },
      { kind: 'dense', outputs: 12 },
      { kind: 'relu' },
      { kind: 'dense', outputs: 4 },
    ],
  ),
  endsInSoftmax: true,
}
const classes = 4

/** Numerical Recipes' 32-bit generator, as in make_preset_fixtures.py. */
function generator(seed: number): (bits: number) => number {
  let state = seed
  return (bits) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0
    return state >>> (32 - bits)
  }
}

function drawProblem(): { images: LabelledImages; owned: Uint32Array[]; initial: Float32Array } {
  const upper = generator(1999)
  const count = golden.clientImages.reduce((sum, images) => sum + images, 0)
  const labels = Uint8Array.from({ length: count }, () => upper(16) % classes)
  const pixels = Uint8Array.from({ length: count * 64 }, (_, index) => {
    const stripe = Math.floor((index % 64) / 16) === labels[Math.floor(index / 64)] ? 120 : 0
    return Math.floor(upper(8) / 2) + stripe
  })
  const initial = new Float32Array(plan.parameterCount)
  for (const layer of plan.prunable) {
    const bound = Math.sqrt(6 / (layer.weightCount / layer.biasCount))
    for (let at = 0; at < layer.weightCount; at++) initial[layer.weightOffset + at] = (upper(24) / 2 ** 23 - 1) * bound
    for (let at = 0; at < layer.biasCount; at++) initial[layer.biasOffset + at] = (upper(24) / 2 ** 23 - 1) * 0.1
  }
  let start = 0
  const owned = golden.clientImages.map((images) => range(count).slice(start, (start += images)))
  return { images: { pixels, labels, count, shape: [1, 8, 8], mean: [0.5], deviation: [0.25] }, owned, initial }
}

function experimentOf(changes: ExperimentInput): Experiment {
  const { batchSize, learningRate, momentum, weightDecay, sparsity, localEpochs } = golden
  const { readjustmentRatio, readjustmentInterval, rateDecayEnd } = golden
  return experimentWith({
    ...{ batchSize, learningRate, momentum, weightDecay, sparsity, localEpochs },
    ...{ readjustmentRatio, readjustmentInterval, rateDecayEnd },
    totalClients: golden.clientImages.length,
    clientsPerRound: golden.clientImages.length,
    rounds: 8,
    layerDistribution: 'erk',
    pruningBegin: localEpochs - 1,
    pruningInterval: localEpochs,
    ...changes,
  })
}

const bitsOf = (mask: Uint8Array) => mask.join('')

function expectNear(parameters: Float32Array, expected: readonly number[]): void {
  expect(parameters).toHaveLength(expected.length)
  const worst = parameters.reduce((largest, value, at) => Math.max(largest, Math.abs(value - expected[at])), 0)
  expect(worst).toBeLessThan(tolerance)
}

/** The round loop reduced to the hooks that the two methods use. */
async function replay(recipe: MethodRecipe, experiment: Experiment, clientsOf: (round: number) => readonly number[]) {
  const { images, owned, initial } = drawProblem()
  const trainer = createSparseTrainer(plan, wasmKernels)
  const clientImages = owned.map((indices) => indices.length)
  const initialMask = recipe.initialMask
  if (initialMask === null) throw new Error('both methods start sparse')
  const active = initialMask.targets(plan, experiment).active
  const first = await initialMask.draw({
    ...{ plan, experiment, active, initial, clientImages },
    ask: () => Promise.reject(new Error('nobody is asked')),
  })
  let model: MaskedModel = { parameters: applyMask(plan, initial, first.mask), mask: first.mask }
  const rounds = []
  const clientStates = new Map<number, NamedArrays>()
  let state: NamedArrays = first.state ?? {}
  for (let round = 0; round < golden.feddst.rounds.length; round++) {
    const received = model
    const context = { plan, experiment, round, received, requestedActive: active, state }
    const server = { ...context, firstMask: first.mask, fired: first.mask }
    const clients = clientsOf(round)
    const reports = []
    for (const client of clients) {
      const report = await recipe.localTraining?.({
        ...{ trainer, experiment, round, client, train: images, test: images, model: received, download: {} },
        ...{ indices: owned[client], testIndices: owned[client], state: clientStates.get(client) ?? {} },
      })
      if (report?.parameters == null) throw new Error('a client sent nothing')
      reports.push({ ...report, client, samples: owned[client].length, parameters: report.parameters })
    }
    for (const report of reports) clientStates.set(report.client, report.state)
    const uploads = reports.map((report) => ({ ...report, mask: report.mask ?? received.mask }))
    const mean = recipe.aggregate({ ...server, uploads })
    state = mean.state ?? state
    const aggregated = recipe.resparsify?.({ ...server, uploads, model: mean }) ?? mean
    const rule = recipe.updateTopology
    const isMoving = rule?.isDue(experiment, round) ?? false
    const ratio = rule?.ratioAt(experiment, round) ?? 0
    const move =
      rule !== null && isMoving
        ? rule.move({ ...server, state, uploads, ratio, model: aggregated })
        : unmoved(plan, aggregated)
    model = move
    rounds.push({
      reports,
      isMoving,
      ratio,
      model,
      state,
      costs: reports.map(({ mask, sentBits, flops }) => {
        const received = activePerLayer(plan, context.received.mask)
        const sent = mask === null ? received : activePerLayer(plan, mask)
        const transfer = {
          received,
          receivesMask: false,
          receivedBits: 0,
          sent,
          sendsMask: mask !== null,
          sentBits,
          flops,
        }
        const cost = clientCost(plan, transfer)
        return recipe.accounting?.(cost, { plan, experiment, round, transfer }) ?? cost
      }),
    })
  }
  trainer.dispose()
  return { first: { parameters: applyMask(plan, initial, first.mask), mask: first.mask }, rounds }
}

describe("FedDST's published code", () => {
  it('has the masks, losses, uploads and parameters of every step', async () => {
    const { first, rounds } = await replay(
      feddstOfficial,
      experimentOf({ method: 'feddst-official' }),
      (round) => golden.feddst.rounds[round].clients,
    )
    expect(bitsOf(first.mask)).toBe(golden.feddst.first.mask)
    expectNear(first.parameters, golden.feddst.first.parameters)
    for (const [round, expected] of golden.feddst.rounds.entries()) {
      const { reports, isMoving, model, costs } = rounds[round]
      expect(isMoving).toBe(expected.readjusts)
      const received = round === 0 ? first : rounds[round - 1].model
      expect(reports.map(({ mask }) => bitsOf(mask ?? received.mask))).toEqual(expected.clientMasks)
      reports.forEach(({ lossSum }, index) => {
        expect(Math.abs(lossSum - expected.losses[index])).toBeLessThan(1e-4)
      })
      expect(costs.map(({ uploadBits }) => uploadBits)).toEqual(expected.uploadBits)
      expect(bitsOf(model.mask)).toBe(expected.mask)
      expectNear(model.parameters, expected.parameters)
    }
    // The defect of its growth shows: a client ends below its count.
    const counts = golden.feddst.rounds.flatMap(({ clientMasks }) =>
      clientMasks.map((mask) => mask.replaceAll('0', '').length),
    )
    expect(new Set(counts).size).toBeGreaterThan(1)
  })
})

describe("the thesis's published code", () => {
  it.each([
    ['by images', golden.seedCode, { aggregationWeights: 'samples' }],
    ['by contribution', golden.contribution, { aggregationWeights: 'contribution', updateScale: 0.9 }],
  ] as const)(
    'has the masks, ratios, weights and parameters of every step, weighed %s',
    async (_, fixture, changes) => {
      const recipe = seedCodeWith((_experiment, round) => {
        const grown = fixture.rounds[round].grown
        return (layer, candidates, count) => {
          const positions = Uint32Array.from(grown[plan.prunable.findIndex(({ name }) => name === layer.name)])
          expect(positions).toHaveLength(count)
          for (const position of positions) expect(candidates).toContain(position)
          return positions
        }
      })
      const experiment = experimentOf({ method: 'seed-code', ...changes })
      const { first, rounds } = await replay(recipe, experiment, () =>
        golden.clientImages.map((_images, client) => client),
      )
      expect(bitsOf(first.mask)).toBe(fixture.first.mask)
      for (const [round, expected] of fixture.rounds.entries()) {
        const { reports, ratio, model, state } = rounds[round]
        expect(ratio).toBeCloseTo(expected.ratio, 8)
        reports.forEach(({ lossSum }, index) => {
          expect(Math.abs(lossSum - expected.losses[index])).toBeLessThan(1e-4)
        })
        expect(bitsOf(model.mask)).toBe(expected.mask)
        expectNear(model.parameters, expected.parameters)
        const reputation = state['reputation'] as Float64Array | undefined
        const next = fixture.rounds.at(round + 1)
        if (changes.aggregationWeights === 'contribution' && next !== undefined) {
          reputation?.forEach((share, client) => {
            expect(share).toBeCloseTo(next.shares[client], 4)
          })
          expect(reputation).toHaveLength(3)
        }
      }
    },
  )

  it('restores what a grown weight had, when the thesis is followed', async () => {
    const recipe = seedCodeWith(() => (_layer, candidates, count) => candidates.slice(0, count))
    const experiment = experimentOf({ method: 'seed-code', regrownWeights: 'restored' })
    const { first, rounds } = await replay(recipe, experiment, () => [0, 1, 2])
    const { initial } = drawProblem()
    let restored = 0
    for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
      for (let at = 0; at < weightCount; at++) {
        const grew = first.mask[maskOffset + at] === 0 && rounds[0].model.mask[maskOffset + at] === 1
        if (!grew) continue
        restored++
        expect(rounds[0].model.parameters[weightOffset + at]).toBe(initial[weightOffset + at])
      }
    }
    expect(restored).toBeGreaterThan(5)
  })
})
