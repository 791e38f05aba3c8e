import { describe, expect, it } from 'vitest'
import type { Experiment, ExperimentInput } from '../../../src-main/contract/experiment'
import { partitionData } from '../../../src-main/engine/data/partition'
import { arrayOf } from '../../../src-main/engine/federated/named-arrays'
import { previewPlan } from '../../../src-main/engine/federated/preview-plan'
import type { RunCheckpoint } from '../../../src-main/engine/federated/run-events'
import { maskOfThresholds } from '../../../src-main/engine/methods/spafl'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import { largestOverall } from '../../../src-main/engine/sparsity/keep-largest'
import { activePerLayer, applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { digest } from '../digest'
import { experimentWith } from '../experiments'
import { createReferenceTrainer } from '../reference-trainer'
import { classes, runSmall, shape, test, train } from './small-run'

function experimentOf(input: ExperimentInput): Experiment {
  return experimentWith({
    model: 'lenet-300-100',
    totalClients: 3,
    clientsPerRound: 3,
    rounds: 3,
    localEpochs: 2,
    readjustmentInterval: 1,
    rateDecayEnd: 3,
    learningRate: 0.05,
    sparsity: 0.8,
    batchSize: 16,
    warmUpEpochs: 2,
    seed: 5,
    ...input,
  })
}

const clientImages = [30, 30, 30]
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

describe('methods whose counts are known', () => {
  // What these transfer and compute is known before the run.
  it.each([
    'snip',
    'grasp',
    'magnitude-init',
    'magnitude-one-shot',
    'magnitude-iterative',
    'gmp',
    'lth',
    'fedavgm',
    'feddst',
    'fedtiny',
    'fedtiny-clean',
    'fedmef',
    'fedsgc',
    'fedrts',
    'spafl',
  ] as const)('%s costs what its preview foretold', async (method) => {
    const experiment = experimentOf({ method })
    const { rounds } = await runSmall(experiment)
    const preview = previewPlan(experiment, shape, classes, clientImages, null)
    expect(total(rounds.map(({ record }) => record.uploadBytes))).toBe(preview.totalUploadBytes)
    expect(total(rounds.map(({ record }) => record.downloadBytes))).toBe(preview.totalDownloadBytes)
    if (method !== 'spafl') {
      const flops = total(rounds.map(({ record }) => record.trainingFlops))
      expect(flops / preview.totalTrainingFlops).toBeCloseTo(1, 9)
    }
  })
})

describe('the switches for dense layers', () => {
  it.each([
    'prunefl',
    'flash-spdst',
    'flash-jmwst',
    'lotteryfl',
    'fedsparsify-global',
    'fedsparsify-local',
    'fedsparsify-majority',
    'sparsyfed',
    'spafl',
  ] as const)('leave %s the first and the last layer, and nothing else dense', async (method) => {
    const input = { method, sparsity: 0.6, readjustmentRatio: 0.5, accuracyThreshold: 0, thresholdCoefficient: 0.05 }
    const { plan, rounds } = await runSmall(experimentOf({ ...input, firstLayer: 'dense', lastLayer: 'dense' }))
    const [first, middle, last] = activePerLayer(plan, ownMasks(method, rounds[2].state))
    expect([first, last]).toEqual([plan.prunable[0].weightCount, plan.prunable[2].weightCount])
    // Thresholds travel for the neurons of the other layer alone; so small a network reaches none of them.
    if (method === 'spafl') expect(rounds[2].record.uploadBytes).toBe(3 * 4 * 100)
    else expect(middle).toBeLessThan(plan.prunable[1].weightCount)
  })

  /** The mask of the server, or where each client has one of its own that of the first. */
  function ownMasks(method: string, state: RunCheckpoint): Uint8Array {
    const own = state.clientStates.get(0) ?? {}
    if (method === 'lotteryfl') return arrayOf(own, 'mask', Uint8Array)
    if (method !== 'spafl') return state.mask
    const thresholds = arrayOf(own, 'thresholds', Float32Array).slice()
    const plan = buildPlan('lenet-300-100', shape, classes)
    return maskOfThresholds(plan, arrayOf(own, 'weights', Float32Array), thresholds, ['fc1', 'fc3'])
  }

  it('are refused at once where the rest cannot make up for them', async () => {
    for (const method of ['gmp', 'granet', 'lotteryfl', 'sparsyfed', 'flash-spdst', 'fedsparsify-global'] as const) {
      const experiment = experimentOf({ method, sparsity: 0.9, pruningScope: 'network', firstLayer: 'dense' })
      await expect(runSmall(experiment)).rejects.toThrow(/^sparsity: 0\.9 cannot be reached while fc1 stay dense/)
    }
  })
})

describe('LotteryFL', () => {
  it('sends what changed of its own mask when it prunes', async () => {
    const input = { method: 'lotteryfl', rounds: 2, rateDecayEnd: 2, accuracyThreshold: 0, encoding: 'delta' } as const
    const { plan, rounds } = await runSmall(experimentOf({ ...input, pruningRate: 0.01 }))
    const mask = arrayOf(rounds[1].state.clientStates.get(0) ?? {}, 'mask', Uint8Array)
    const biases = plan.parameterCount - plan.prunableCount
    // All clients prune alike, each time 1 % of what is left in every layer.
    const places = activePerLayer(plan, arrayOf(rounds[0].state.clientStates.get(0) ?? {}, 'mask', Uint8Array)).map(
      (active, layer) => Math.floor(0.01 * active) * Math.ceil(Math.log2(plan.prunable[layer].weightCount)),
    )
    expect(rounds[1].record.uploadBytes).toBe(3 * Math.ceil((32 * (countActive(mask) + biases) + total(places)) / 8))
  })
})

describe('FedDST', () => {
  it('has every layer at its count after every round, and clients train what they grew', async () => {
    const { plan, rounds, topology } = await runSmall(experimentOf({ method: 'feddst', readjustmentRatio: 0.5 }))
    for (const { state } of rounds) {
      expect(activePerLayer(plan, state.mask)).toEqual(activePerLayer(plan, state.firstMask))
    }
    expect(topology.length).toBe(3)
    // Grown weights that were trained can beat kept ones at the server.
    expect(total(topology[1].record.layers.map(({ grown }) => grown))).toBeGreaterThan(50)
    const untrained = await runSmall(experimentOf({ method: 'feddst', readjustmentRatio: 0.5, epochsAfterGrowth: 0 }))
    expect(total(untrained.topology[1].record.layers.map(({ grown }) => grown))).toBeLessThan(
      total(topology[1].record.layers.map(({ grown }) => grown)),
    )
  })

  it('keeps its mask at ratio 0, as static pruning', async () => {
    const still = await runSmall(experimentOf({ method: 'feddst', readjustmentRatio: 0 }))
    const fixed = await runSmall(experimentOf({ method: 'static' }))
    expect(digest(still.rounds[2].state.parameters)).toBe(digest(fixed.rounds[2].state.parameters))
  })
})

describe('FedAvgM', () => {
  it('is FedAvg without momentum', async () => {
    const own = await runSmall(experimentOf({ method: 'fedavgm', serverMomentum: 0 }))
    const plain = await runSmall(experimentOf({ method: 'none' }))
    const worst = own.rounds[2].state.parameters.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - plain.rounds[2].state.parameters[at])),
      0,
    )
    expect(worst).toBeLessThan(1e-6)
  })
})

describe('SSFL', () => {
  it('keeps the largest mean saliency over all clients', async () => {
    const experiment = experimentOf({ method: 'ssfl', rounds: 1, rateDecayEnd: 1 })
    const { plan, rounds } = await runSmall(experiment)
    const trainer = createReferenceTrainer(plan)
    const initial = initialParameters(plan, experiment.seed)
    const dense = new Uint8Array(plan.prunableCount).fill(1)
    const scores = new Float64Array(plan.prunableCount)
    for (const indices of partitionData(experiment, train.labels, test.labels).train) {
      const { gradient } = trainer.gradient({ parameters: initial, mask: dense }, train, indices)
      for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
        for (let at = 0; at < weightCount; at++) {
          scores[maskOffset + at] +=
            (indices.length * Math.abs(gradient[weightOffset + at] * initial[weightOffset + at])) / 90
        }
      }
    }
    const active = plan.prunableCount - Math.floor(0.8 * plan.prunableCount)
    const expected = largestOverall(plan, Float32Array.from(scores), active, dense)
    const differing = expected.reduce((sum, bit, at) => sum + (bit === rounds[0].state.mask[at] ? 0 : 1), 0)
    expect(countActive(rounds[0].state.mask)).toBe(active)
    // Float32 rounding may swap neighbours at the edge.
    expect(differing).toBeLessThan(10)
    // One dense vector from every client, and then values alone.
    const values = active * 4 + (plan.parameterCount - plan.prunableCount) * 4
    expect(rounds[0].record.uploadBytes).toBe(3 * (plan.prunableCount * 4 + values))
  })
})

describe('FedSparsify', () => {
  it('falls to S and stays there, in the global variant', async () => {
    const { plan, rounds } = await runSmall(
      experimentOf({ method: 'fedsparsify-global', rounds: 5, rateDecayEnd: 3, decayExponent: 1 }),
    )
    const counts = rounds.map(({ state }) => countActive(state.mask))
    const target = plan.prunableCount - Math.floor(0.8 * plan.prunableCount)
    expect(counts[0]).toBeLessThan(plan.prunableCount)
    expect(counts[1]).toBeLessThan(counts[0])
    expect(counts.slice(2)).toEqual([target, target, target])
  })

  it('keeps the union of the clients’ masks, or what half of them keep', async () => {
    const local = await runSmall(experimentOf({ method: 'fedsparsify-local' }))
    const majority = await runSmall(
      experimentOf({ method: 'fedsparsify-majority', totalClients: 4, clientsPerRound: 4 }),
    )
    const share = ({ plan, rounds }: typeof local) => countActive(rounds[2].state.mask) / plan.prunableCount
    expect(share(local)).toBeGreaterThan(0.2)
    expect(share(majority)).toBeLessThan(share(local))
  })
})

describe('PruneFL', () => {
  it('finds a density of its own and sends importance in update rounds alone', async () => {
    const { plan, rounds, topology } = await runSmall(
      experimentOf({ method: 'prunefl', rounds: 4, readjustmentInterval: 2, localEpochs: 1 }),
    )
    const densities = topology.map(({ mask }) => countActive(mask) / plan.prunableCount)
    for (const density of densities) expect(density > 0 && density < 1).toBe(true)
    const own = (round: number) => {
      const { activeWeights, uploadBytes, clients } = rounds[round].record
      return uploadBytes - clients.length * 4 * (activeWeights + plan.parameterCount - plan.prunableCount)
    }
    expect(own(2)).toBe(3 * 4 * plan.parameterCount)
    expect(own(1)).toBe(0)
  })
})

describe('FLASH', () => {
  it('has the target count and densities that the warm-up found', async () => {
    const fixed = await runSmall(experimentOf({ method: 'flash-spdst', readjustmentRatio: 0.5, warmUpEpochs: 4 }))
    const target = fixed.plan.prunableCount - Math.floor(0.8 * fixed.plan.prunableCount)
    expect(countActive(fixed.rounds[2].state.mask)).toBe(target)
    expect(fixed.topology).toHaveLength(1)
    const densities = activePerLayer(fixed.plan, fixed.topology[0].mask).map(
      (count, index) => count / fixed.plan.prunable[index].weightCount,
    )
    expect(Math.max(...densities) / Math.min(...densities)).toBeGreaterThan(1.2)
    const moving = await runSmall(experimentOf({ method: 'flash-jmwst', readjustmentRatio: 0.5 }))
    for (const { mask } of moving.topology) expect(countActive(mask)).toBe(target)
    expect(digest(moving.rounds[2].state.mask)).not.toBe(digest(moving.rounds[2].state.firstMask))
  })
})

describe('personalised methods', () => {
  it('gives every LotteryFL client a shrinking mask and its own accuracy', async () => {
    const { plan, rounds } = await runSmall(
      experimentOf({ method: 'lotteryfl', rounds: 6, pruningRate: 0.5, accuracyThreshold: 0.3 }),
    )
    const active = rounds.map(({ record }) => record.activeWeights)
    expect(active[0]).toBe(plan.prunableCount)
    expect(active[5]).toBeLessThan(active[0] / 2)
    expect(active.every((count, round) => round === 0 || count <= active[round - 1])).toBe(true)
    const { record, state } = rounds[5]
    expect(record.clientAccuracyModel).toBe('own')
    expect(record.clientAccuracies).toHaveLength(3)
    for (const client of [0, 1, 2]) {
      const mask = arrayOf(state.clientStates.get(client) ?? {}, 'mask', Uint8Array)
      // It may overshoot the target by one step of half of what is left.
      expect(countActive(mask) / plan.prunableCount).toBeGreaterThan(0.09)
    }
    // A client downloads what its own mask keeps.
    const before = total(
      [0, 1, 2].map((client) =>
        countActive(arrayOf(rounds[4].state.clientStates.get(client) ?? {}, 'mask', Uint8Array)),
      ),
    )
    expect(record.downloadBytes).toBe(4 * (before + 3 * (plan.parameterCount - plan.prunableCount)))
  })

  it('sends thresholds alone with SpaFL, and has no global accuracy', async () => {
    const { plan, rounds } = await runSmall(experimentOf({ method: 'spafl', rounds: 5 }))
    const { record, state } = rounds[4]
    expect(record.globalAccuracy).toBeNull()
    expect(record.clientAccuracyModel).toBe('own')
    expect(record.uploadBytes).toBe(3 * 4 * (300 + 100 + 4))
    expect(record.downloadBytes).toBe(record.uploadBytes)
    expect(digest(state.parameters)).toBe(digest(applyMask(plan, initialParameters(plan, 5), state.mask)))
    const thresholds = arrayOf(state.serverState, 'thresholds', Float32Array)
    expect(thresholds.some((value) => value !== 0)).toBe(true)
    expect(total((record.clientAccuracies ?? []).map((accuracy) => accuracy ?? 0)) / 3).toBeGreaterThan(0.5)
  })
})
