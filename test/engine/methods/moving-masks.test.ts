import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Experiment, ExperimentInput } from '../../../src-main/contract/experiment'
import { methodNames, methods } from '../../../src-main/contract/methods'
import { arrayOf } from '../../../src-main/engine/federated/named-arrays'
import { previewPlan } from '../../../src-main/engine/federated/preview-plan'
import { adaptThreshold, growInProportion, keptAbove } from '../../../src-main/engine/methods/dsr'
import { sparsityAt } from '../../../src-main/engine/methods/granet'
import { methodRecipes } from '../../../src-main/engine/methods/registry'
import { moveByMomentum } from '../../../src-main/engine/methods/snfs'
import { constantFanInMask } from '../../../src-main/engine/methods/srigl'
import { chooseSets, decayCoefficients } from '../../../src-main/engine/methods/top-kast'
import { drawWithoutReplacement, range } from '../../../src-main/engine/random/draw'
import { namedStream } from '../../../src-main/engine/random/streams'
import { activePerLayer, applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { experimentWith } from '../experiments'
import { classes, runSmall, shape } from './small-run'
import { tinyPlan } from './tiny-plan'

const floats = (...values: number[]) => Float32Array.from(values)
const bits = (...values: number[]) => Uint8Array.from(values)
const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)

function experimentOf(input: ExperimentInput): Experiment {
  return experimentWith({
    model: 'lenet-300-100',
    totalClients: 2,
    clientsPerRound: 2,
    rounds: 4,
    readjustmentInterval: 1,
    rateDecayEnd: 3,
    readjustmentRatio: 0.4,
    learningRate: 0.05,
    sparsity: 0.8,
    batchSize: 16,
    evaluationInterval: 10,
    seed: 5,
    ...input,
  })
}

describe('methods with a moving mask', () => {
  const names = methodNames.filter((name) => methods[name].group === 'moving-mask')

  it.each(names)('%s keeps every invariant, moves its mask, and costs what its preview foretold', async (method) => {
    const experiment = experimentOf({ method })
    const { plan, rounds, topology } = await runSmall(experiment)
    for (const { record } of topology) {
      for (const invariant of record.invariants) expect(invariant).toMatchObject({ holds: true, detail: '' })
    }
    expect(topology.length).toBeGreaterThan(2)
    const firstMask = topology[0].mask
    expect(topology.slice(1).some(({ mask }) => mask.some((bit, at) => bit !== firstMask[at]))).toBe(true)
    for (const { state } of rounds) expect(applyMask(plan, state.parameters, state.mask)).toEqual(state.parameters)
    // R_s starts at the density and never falls.
    const explored = topology.map(({ record }) =>
      total(record.layers.map(({ exploredShare, weights }) => exploredShare * weights)),
    )
    expect(explored.every((count, at) => at === 0 || count >= explored[at - 1])).toBe(true)
    expect(rounds[3].record.trainLoss).toBeLessThan(rounds[0].record.trainLoss)

    // What depends on the layers' counts is an estimate where these are an outcome.
    if (['granet', 'srigl', 'dsr', 'snfs'].includes(method)) return
    const preview = previewPlan(experiment, shape, classes, [45, 45], null)
    expect(total(rounds.map(({ record }) => record.uploadBytes))).toBe(preview.totalUploadBytes)
    expect(total(rounds.map(({ record }) => record.downloadBytes))).toBe(preview.totalDownloadBytes)
    expect(total(rounds.map(({ record }) => record.trainingFlops)) / preview.totalTrainingFlops).toBeCloseTo(1, 9)
  })

  it.each(['dsr', 'snfs', 'mest-ems', 'granet', 'top-kast', 'srigl'] as const)(
    '%s leaves excluded layers dense',
    async (method) => {
      const { plan, rounds } = await runSmall(
        experimentOf({ method, sparsity: 0.6, lastLayer: 'dense', firstLayer: 'dense' }),
      )
      const [first, , last] = activePerLayer(plan, rounds[3].state.mask)
      expect([first, last]).toEqual([plan.prunable[0].weightCount, plan.prunable[2].weightCount])
    },
  )

  it('sends dense vectors in update rounds alone, by what the criteria need', async () => {
    const extra = async (input: ExperimentInput) => {
      const { plan, rounds } = await runSmall(experimentOf({ readjustmentInterval: 2, ...input }))
      return rounds.map(({ record }) => {
        const values = record.activeWeights + plan.parameterCount - plan.prunableCount
        return (record.uploadBytes / 2 - 4 * values) / (4 * plan.prunableCount)
      })
    }
    expect(await extra({ method: 'dynamic' })).toEqual([0, 0, 0, 0])
    expect(await extra({ method: 'dynamic', dropCriterion: 'movement' })).toEqual([0, 0, 0, 0])
    expect(await extra({ method: 'dynamic', dropCriterion: 'weight-gradient' })).toEqual([1, 0, 1, 0])
    expect(await extra({ method: 'dynamic', dropCriterion: 'gradient', growthCriterion: 'momentum' })).toEqual([
      2, 0, 2, 0,
    ])
    expect(await extra({ method: 'dynamic', growthCriterion: 'averaged-gradient' })).toEqual([1, 0, 1, 0])
    expect(await extra({ method: 'mest-em' })).toEqual([0, 0, 0, 0])
    expect(await extra({ method: 'mest-em', importanceCoefficient: 1 })).toEqual([1, 0, 1, 0])
    expect(await extra({ method: 'snfs' })).toEqual([1, 0, 1, 0])
  })
})

describe('transfers', () => {
  it('count the changes of the mask alone where the client has the one before', async () => {
    const input = { method: 'set', encoding: 'delta', readjustmentInterval: 2 } as const
    const { plan, rounds, topology } = await runSmall(experimentOf(input))
    const bits = (round: number) => (8 * rounds[round].record.downloadBytes) / 2
    const values = 32 * (rounds[0].record.activeWeights + plan.parameterCount - plan.prunableCount)
    const places = topology[1].record.layers.map(({ grown, pruned, weights }) =>
      Math.min(weights, (grown + pruned) * Math.ceil(Math.log2(weights))),
    )
    expect(total(places)).toBeGreaterThan(0)
    expect(total(places)).toBeLessThan(plan.prunableCount)
    // First the whole mask, then what the update after round 0 changed, then nothing until the next.
    expect(bits(0) - values).toBe(plan.prunableCount)
    expect(bits(1) - values - total(places)).toBeGreaterThanOrEqual(0)
    expect(bits(1) - values - total(places)).toBeLessThan(8)
    expect(bits(2)).toBe(values)
  })

  it('halve their values at 16 bits, dense gradients included', async () => {
    const upload = async (valueFormat: 'float32' | 'float16') => {
      const { rounds } = await runSmall(experimentOf({ method: 'rigl', valueFormat, rounds: 2, rateDecayEnd: 2 }))
      return rounds.map(({ record }) => record.uploadBytes)
    }
    const half = await upload('float16')
    expect((await upload('float32')).map((bytes) => bytes / 2)).toEqual(half)
  })
})

describe('schedules', () => {
  const ratios = (method: 'set' | 'set-itop' | 'rigl' | 'mest-em' | 'dsr') => {
    const experiment = experimentWith({
      method,
      rounds: 16,
      readjustmentInterval: 4,
      readjustmentRatio: 0.5,
      rateDecayEnd: 12,
    })
    const rule = methodRecipes[method].updateTopology
    return [...range(16)].flatMap((round) =>
      rule?.isDue(experiment, round) === true ? [[round, Number(rule.ratioAt(experiment, round).toFixed(6))]] : [],
    )
  }

  it('are constant to the end, to the freeze, in steps, or fall by a cosine', () => {
    expect(ratios('set')).toEqual([
      [0, 0.5],
      [4, 0.5],
      [8, 0.5],
      [12, 0.5],
    ])
    expect(ratios('dsr')).toEqual([
      [0, 0.5],
      [4, 0.5],
      [8, 0.5],
    ])
    expect(ratios('mest-em')).toEqual([
      [0, 0.5],
      [4, 0.5],
      [8, 0.5],
    ])
    expect(ratios('rigl')).toEqual([
      [0, 0.5],
      [4, 0.375],
      [8, 0.125],
    ])
    // 0.005 + 0.495/2·(1 + cos(π·t/16)).
    expect(ratios('set-itop')).toEqual([
      [0, 0.5],
      [4, 0.427509],
      [8, 0.2525],
      [12, 0.077491],
    ])
  })

  it('steps down in the last quarter of MEST', () => {
    const experiment = experimentWith({ method: 'mest-em', rounds: 16, readjustmentInterval: 1, rateDecayEnd: 12 })
    const rule = methodRecipes['mest-em'].updateTopology
    expect([0, 8, 9, 11, 12].map((round) => rule?.ratioAt(experiment, round))).toEqual([0.3, 0.3, 0.15, 0.15, 0])
  })
})

describe('DSR', () => {
  const plan = tinyPlan([1, 6], [1, 4])
  // fc1: 0.5, 0.01, 0.02 and three empty; fc2: 0.001, 0.002 and two empty.
  const model = {
    parameters: floats(0.5, 0.01, 0.02, 0, 0, 0, 7, 0.001, 0.002, 0, 0, 7),
    mask: bits(1, 1, 1, 0, 0, 0, 1, 1, 0, 0),
  }

  it('drops below one threshold, but leaves each layer its largest weight', () => {
    expect([...keptAbove(plan, model, 0.015)]).toEqual([1, 0, 1, 0, 0, 0, 0, 1, 0, 0])
    expect([...keptAbove(plan, model, 9)]).toEqual([1, 0, 0, 0, 0, 0, 0, 1, 0, 0])
  })

  it('grows as many in proportion to what layers kept, not on what has just dropped', () => {
    const kept = bits(1, 0, 1, 0, 0, 0, 0, 1, 0, 0)
    // Two dropped; layers keep 2 : 1.
    const mask = growInProportion(plan, model.mask, kept, 1, 0)
    expect(activePerLayer(plan, mask)).toEqual([3, 2])
    expect([mask[1], mask[6]]).toEqual([0, 0])
    // A full layer passes its part on.
    const full = bits(1, 1, 1, 1, 1, 1, 1, 1, 0, 0)
    const grown = growInProportion(plan, full, bits(1, 1, 1, 1, 1, 0, 1, 1, 0, 0), 1, 0)
    expect([...grown.subarray(0, 6)]).toEqual([1, 1, 1, 1, 1, 0])
    expect(activePerLayer(plan, grown)).toEqual([5, 3])
  })

  it('drops no more than there are places to grow on', () => {
    const dense = {
      parameters: floats(0.3, 0.1, 0.2, 0.4, 0.5, 0.6, 0, 0.7, 0.8, 0.9, 0, 0),
      mask: bits(1, 1, 1, 1, 1, 1, 1, 1, 1, 0),
    }
    expect([...keptAbove(plan, dense, 0.35)]).toEqual([1, 0, 1, 1, 1, 1, 1, 1, 1, 0])
  })

  it('doubles or halves its threshold outside a tolerance of a tenth', () => {
    expect([89, 90, 110, 111].map((dropped) => adaptThreshold(0.01, dropped, 100))).toEqual([0.02, 0.01, 0.01, 0.005])
  })
})

describe('SNFS', () => {
  it('drops by magnitude and grows by momentum, more in the layer of stronger momentum', () => {
    const plan = tinyPlan([1, 6], [1, 6])
    const model = {
      parameters: floats(0.1, 0.9, 0, 0, 0, 0, 0, 0.1, 0.9, 0, 0, 0, 0, 0),
      mask: bits(1, 1, 0, 0, 0, 0, 1, 1, 0, 0, 0, 0),
    }
    // Mean |momentum| of active weights 3 and 1: of the two dropped weights 1.5 → 2 (earlier on ties) and 0.5 → 0.
    const momentum = floats(0, 6, -5, 1, 9, 2, 1, 1, 8, 8, 8, 8)
    const mask = moveByMomentum(plan, model, 0.5, momentum)
    expect([...mask]).toEqual([0, 1, 1, 0, 1, 0, 0, 1, 0, 0, 0, 0])
  })

  it('lets a nearly dense layer drop no more than its sparsity', () => {
    const plan = tinyPlan([1, 10])
    const model = { parameters: floats(1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 0), mask: bits(1, 1, 1, 1, 1, 1, 1, 1, 1, 0) }
    // Sparsity 0.1: ⌊0.1·9⌋ = 0 instead of 4.
    expect([...moveByMomentum(plan, model, 0.5, floats(0, 0, 0, 0, 0, 0, 0, 0, 0, 1))]).toEqual([...model.mask])
  })
})

describe('MEST with a soft memory bound', () => {
  it('trains beyond the target, less in steps, and ends at it', async () => {
    const experiment = experimentOf({ method: 'mest-ems', rounds: 7, rateDecayEnd: 4, readjustmentRatio: 0.5 })
    const { plan, rounds, topology } = await runSmall(experiment)
    const targets = activePerLayer(
      plan,
      (await runSmall(experimentOf({ method: 'static', rounds: 1, rateDecayEnd: 1 }))).rounds[0].state.mask,
    )
    const beyond = (ratio: number) =>
      total(
        targets.map((count, index) => Math.min(plan.prunable[index].weightCount, count + Math.floor(ratio * count))),
      )
    expect(rounds.map(({ record }) => record.activeWeights)).toEqual([
      beyond(0.5),
      beyond(0.5),
      beyond(0.5),
      beyond(0.5),
      beyond(0.25),
      beyond(0),
      beyond(0),
    ])
    expect(topology.at(-1)?.record.round).toBe(4)
  })
})

describe('GraNet', () => {
  it('follows the cubic schedule from its first sparsity', () => {
    const experiment = experimentWith({
      method: 'granet',
      rounds: 40,
      rateDecayEnd: 20,
      sparsity: 0.9,
      initialSparsity: 0.5,
      readjustmentInterval: 5,
    })
    // 0.9 − 0.4·(1 − t/20)³.
    const at = [0, 5, 10, 15, 20, 35].map((round) => Number(sparsityAt(experiment, round).toFixed(6)))
    expect(at).toEqual([0.5, 0.73125, 0.85, 0.89375, 0.9, 0.9])
  })

  it('ends at S and goes on moving, its layers’ shares an outcome', async () => {
    const { plan, rounds, topology } = await runSmall(experimentOf({ method: 'granet', rounds: 6, rateDecayEnd: 3 }))
    const counts = rounds.map(({ state }) => countActive(state.mask))
    const target = plan.prunableCount - Math.floor(0.8 * plan.prunableCount)
    expect(counts[0]).toBe(plan.prunableCount)
    expect(counts[1]).toBeLessThan(counts[0])
    expect(counts.slice(3)).toEqual([target, target, target])
    expect(total(topology[5].record.layers.map(({ grown }) => grown))).toBeGreaterThan(0)
  })
})

describe('Top-KAST', () => {
  it('chooses both sets by magnitude, the backward one around the forward one', () => {
    const plan = tinyPlan([1, 10])
    const dense = floats(0.1, -0.9, 0.3, -0.4, 0.5, 0.6, 0.2, 0.8, 0.05, 0.7, 3)
    const experiment = experimentWith({
      method: 'top-kast',
      sparsity: 0.75,
      explorationShare: 0.25,
      layerDistribution: 'uniform',
    })
    const { forward, backward } = chooseSets(plan, dense, experiment)
    expect([...forward]).toEqual([0, 1, 0, 0, 0, 0, 0, 1, 0, 1])
    expect([...backward]).toEqual([0, 1, 0, 0, 1, 1, 0, 1, 0, 1])
    // λ in the network and for biases, λ/0.3 elsewhere.
    const decay = decayCoefficients(plan, forward, 0.03)
    expect([...decay].map((value) => Number(value.toFixed(6)))).toEqual([
      0.1, 0.03, 0.1, 0.1, 0.1, 0.1, 0.1, 0.03, 0.1, 0.03, 0.03,
    ])
  })

  it('trains what lies beyond the network, leaves the rest as it was, and brings values along', async () => {
    const experiment = experimentOf({
      method: 'top-kast',
      rounds: 3,
      rateDecayEnd: 3,
      readjustmentInterval: 2,
      explorationShare: 0.2,
    })
    const { plan, rounds, topology } = await runSmall(experiment)
    const denseAfter = (round: number) => arrayOf(rounds[round].state.serverState, 'dense', Float32Array)
    const backward = arrayOf(rounds[0].state.serverState, 'backward', Uint8Array)
    const moved = plan.prunable.map(({ weightOffset, weightCount, maskOffset }) => {
      const counts = { network: 0, beyond: 0, rest: 0 }
      for (let at = 0; at < weightCount; at++) {
        if (denseAfter(0)[weightOffset + at] === denseAfter(1)[weightOffset + at]) continue
        if (rounds[0].state.mask[maskOffset + at] === 1) counts.network++
        else if (backward[maskOffset + at] === 1) counts.beyond++
        else counts.rest++
      }
      return counts
    })
    expect(total(moved.map(({ network }) => network))).toBeGreaterThan(1000)
    expect(total(moved.map(({ beyond }) => beyond))).toBeGreaterThan(1000)
    expect(total(moved.map(({ rest }) => rest))).toBe(0)
    const { mask } = topology[1]
    expect(applyMask(plan, denseAfter(0), mask)).toEqual(rounds[0].state.parameters)
  })
})

describe('SRigL', () => {
  // Two neurons of four inputs, four active weights of a budget of four.
  const sizes = floats(0.9, 0.1, 0, 0, 0.5, 0.4, 0, 0)
  const mask = bits(1, 1, 0, 0, 1, 1, 0, 0)

  it('replaces the smallest weights and keeps the fan-in', () => {
    // k = 1: weight 1 drops; neuron 0 fills up with its largest gradient.
    const slopes = floats(0, 0.2, 0.3, 0.1, 0, 0, 0.9, 0)
    const next = constantFanInMask({ neurons: 2, mask, sizes, slopes }, { budget: 4, ratio: 0.25, ablationShare: 0 })
    expect([...next]).toEqual([1, 0, 1, 0, 1, 1, 0, 0])
  })

  it('cuts a neuron’s surplus by magnitude', () => {
    const crowded = floats(0.9, 0.8, 0.7, 0, 0.5, 0, 0, 0)
    const next = constantFanInMask(
      { neurons: 2, mask: bits(1, 1, 1, 0, 1, 0, 0, 0), sizes: crowded, slopes: floats(0, 0, 0, 0, 0, 0.1, 0, 0.2) },
      { budget: 4, ratio: 0, ablationShare: 0 },
    )
    expect([...next]).toEqual([1, 1, 0, 0, 1, 0, 0, 1])
  })

  it('ablates a neuron with too few salient weights and gives its place to the others', () => {
    const uneven = floats(0.9, 0.8, 0.7, 0, 0.01, 0, 0, 0)
    const scores = {
      neurons: 2,
      mask: bits(1, 1, 1, 0, 1, 0, 0, 0),
      sizes: uneven,
      slopes: floats(0, 0, 0, 0.5, 0, 0, 0, 0.1),
    }
    // Salient: 3 kept and the largest gradient, all in neuron 0; neuron 1 has none of the two that it needs.
    const next = constantFanInMask(scores, { budget: 4, ratio: 0.25, ablationShare: 0.5 })
    expect([...next]).toEqual([1, 1, 1, 1, 0, 0, 0, 0])
  })

  it('has one fan-in for all neurons that remain, and enough of them for the budget', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 8 }),
        fc.integer({ min: 1, max: 12 }),
        fc.double({ min: 0.05, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 0.9, noNaN: true }),
        fc.constantFrom(0, 0.3, 0.9),
        fc.nat(),
        (neurons, fanIn, density, ratio, ablationShare, seed) => {
          const count = neurons * fanIn
          const stream = namedStream(seed, 'srigl')
          const active = Math.max(1, Math.round(density * count))
          const current = new Uint8Array(count)
          for (const at of drawWithoutReplacement(stream, range(count), active)) current[at] = 1
          const next = constantFanInMask(
            {
              neurons,
              mask: current,
              sizes: Float32Array.from(current, (bit) => bit * (0.1 + stream.uniform())),
              slopes: Float32Array.from({ length: count }, () => stream.uniform()),
            },
            { budget: active, ratio, ablationShare },
          )
          const perNeuron = [...range(neurons)].map((neuron) =>
            countActive(next.subarray(neuron * fanIn, (neuron + 1) * fanIn)),
          )
          const remaining = perNeuron.filter((each) => each > 0)
          expect(new Set(remaining).size).toBe(1)
          expect(remaining.length * fanIn).toBeGreaterThanOrEqual(active)
          expect(remaining[0]).toBe(Math.min(fanIn, Math.max(1, Math.round(active / remaining.length))))
          if (ablationShare === 0) expect(remaining).toHaveLength(neurons)
        },
      ),
    )
  })

  it('keeps the fan-in over a run', async () => {
    const { plan, topology } = await runSmall(experimentOf({ method: 'srigl', sparsity: 0.9 }))
    for (const { mask } of topology) {
      for (const layer of plan.prunable) {
        if (layer.kind !== 'dense') throw new Error('a network of dense layers')
        const perNeuron = [...range(layer.outputs)].map((neuron) => {
          const first = layer.maskOffset + neuron * layer.inputs
          return countActive(mask.subarray(first, first + layer.inputs))
        })
        expect(new Set(perNeuron.filter((count) => count > 0)).size).toBe(1)
      }
    }
  })
})
