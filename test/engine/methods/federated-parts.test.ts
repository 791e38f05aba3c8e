import { describe, expect, it } from 'vitest'
import type { Upload } from '../../../src-main/engine/federated/aggregation'
import { sgdStep, takeSteps } from '../../../src-main/engine/federated/own-steps'
import { fedAvgM } from '../../../src-main/engine/methods/fedavgm'
import { aboutToDrop } from '../../../src-main/engine/methods/fedmef'
import {
  activeOutcomes,
  drawFrom,
  inactiveOutcomes,
  learn,
  thompsonDraw,
} from '../../../src-main/engine/methods/fedrts'
import { chooseFirst, moveBySigns } from '../../../src-main/engine/methods/fedsgc'
import { layerInTurn, meanOfPieces } from '../../../src-main/engine/methods/fedtiny'
import { consensus, redistribute } from '../../../src-main/engine/methods/flash'
import { gradualSparsity } from '../../../src-main/engine/methods/gradual'
import { keptAfterPruning } from '../../../src-main/engine/methods/lotteryfl'
import { meanOverAll } from '../../../src-main/engine/methods/mean-over-all'
import { reconfigure, worthTaking } from '../../../src-main/engine/methods/prunefl'
import { effectiveWeights, innerWeights } from '../../../src-main/engine/methods/sparsyfed'
import { followThresholds, maskOfThresholds, straightThrough } from '../../../src-main/engine/methods/spafl'
import { buildPlan } from '../../../src-main/engine/models/build-plan'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import { largestOverall, largestPerLayer, moveToMask } from '../../../src-main/engine/sparsity/keep-largest'
import { countActive } from '../../../src-main/engine/sparsity/masks'
import { shareOut } from '../../../src-main/engine/sparsity/redistribute'
import { experimentWith } from '../experiments'
import { createReferenceTrainer, syntheticImages } from '../reference-trainer'
import { tinyPlan } from './tiny-plan'

const floats = (...values: number[]) => Float32Array.from(values)
const bits = (...values: number[]) => Uint8Array.from(values)
const upload = (samples: number, parameters: Float32Array, mask: Uint8Array, sent: Upload['sent'] = {}): Upload => ({
  client: 0,
  samples,
  parameters,
  mask,
  sent,
})
const rounded = (values: Iterable<number>, digits = 6) => [...values].map((value) => Number(value.toFixed(digits)))

describe('keeping the largest', () => {
  const plan = tinyPlan([1, 4], [1, 2])
  const scores = floats(0.5, 0.9, 0.1, 0.9, 0.05, 0.02)

  it('takes exact counts of each layer, the lower position on ties', () => {
    const all = bits(1, 1, 1, 1, 1, 1)
    expect([...largestPerLayer(plan, scores, [1, 2], all)]).toEqual([0, 1, 0, 0, 1, 1])
    expect([...largestPerLayer(plan, scores, [3, 1], bits(1, 0, 1, 0, 0, 1))]).toEqual([1, 0, 1, 0, 0, 1])
  })

  it('takes an exact count overall, but leaves no layer empty', () => {
    const all = bits(1, 1, 1, 1, 1, 1)
    expect([...largestOverall(plan, scores, 3, all)]).toEqual([0, 1, 0, 1, 1, 0])
    expect([...largestOverall(plan, scores, 2, all)]).toEqual([0, 1, 0, 0, 1, 0])
  })

  it('moves a model to a mask with new weights at 0', () => {
    const model = { parameters: floats(1, 2, 0, 0, 7, 3, 4, 8), mask: bits(1, 1, 0, 0, 1, 1) }
    const moved = moveToMask(plan, model, bits(1, 0, 1, 0, 1, 1))
    expect([...moved.parameters]).toEqual([1, 0, 0, 0, 7, 3, 4, 8])
    expect(moved.layers.map(({ dropped, grown }) => [[...dropped], [...grown]])).toEqual([
      [[1], [2]],
      [[], []],
    ])
  })
})

describe('shareOut', () => {
  it('gives whole numbers in proportion within the room there is', () => {
    expect(shareOut(10, [1, 1, 3], [100, 100, 100])).toEqual([2, 2, 6])
    expect(shareOut(10, [1, 1, 3], [100, 100, 4])).toEqual([3, 3, 4])
    expect(shareOut(1, [1, 1], [5, 5])).toEqual([1, 0])
    expect(shareOut(7, [0, 0], [2, 2])).toEqual([2, 2])
    expect(shareOut(5, [1, 0], [2, 9])).toEqual([2, 3])
  })
})

describe('own steps', () => {
  it('are the steps of the trainer', async () => {
    const images = syntheticImages(40, [1, 4, 4], 4, 'steps')
    const plan = buildPlan('lenet-300-100', [1, 4, 4], 4)
    const trainer = createReferenceTrainer(plan)
    const mask = new Uint8Array(plan.prunableCount).fill(1)
    const start = initialParameters(plan, 3)
    const order = {
      indices: Uint32Array.from({ length: 40 }, (_, index) => index),
      localEpochs: 2,
      batchSize: 16,
      seed: 1,
      batchOrderLabel: 'x',
    }
    const settings = { learningRate: 0.05, momentum: 0.9, weightDecay: 0.01 }
    const parameters = start.slice()
    const velocity = new Float32Array(plan.parameterCount)
    const own = await takeSteps(
      { trainer, train: images, order },
      () => ({ parameters, mask }),
      (gradient) => {
        sgdStep(settings, parameters, velocity, gradient)
      },
    )
    const theirs = trainer.trainClient({
      ...order,
      ...settings,
      images,
      parameters: start,
      mask,
      proximalCoefficient: 0,
    })
    expect(own.steps).toBe(theirs.steps)
    expect(own.lossSum).toBeCloseTo(theirs.lossSum, 4)
    const worst = parameters.reduce((most, value, at) => Math.max(most, Math.abs(value - theirs.parameters[at])), 0)
    expect(worst).toBeLessThan(1e-5)
  })
})

describe('FedAvgM', () => {
  it('moves by the averaged step and 0.9 of the one before', () => {
    const plan = tinyPlan([1, 1])
    const mask = bits(1)
    const context = {
      plan,
      round: 0,
      requestedActive: [1],
      firstMask: mask,
      fired: mask,
      experiment: experimentWith({ method: 'fedavgm', serverMomentum: 0.9 }),
    }
    // θ = 2, means 1 and then 1: v = 1, θ = 1; v = 0.9 + 0 = 0.9, θ = 0.1.
    const first = fedAvgM.aggregate({
      ...context,
      state: {},
      received: { parameters: floats(2, 0), mask },
      uploads: [upload(1, floats(1, 0), mask)],
    })
    expect(rounded(first.parameters)).toEqual([1, 0])
    const second = fedAvgM.aggregate({
      ...context,
      state: first.state ?? {},
      received: first,
      uploads: [upload(3, floats(1, 0), mask)],
    })
    expect(rounded(second.parameters)).toEqual([0.1, 0])
  })
})

describe('the mean over all clients', () => {
  // n = (10, 30, 60); what a client lacks counts as 0.
  const plan = tinyPlan([1, 5])
  const uploads = [
    upload(10, floats(1, 2, 9, 4, 0, 0), bits(1, 1, 0, 1, 1)),
    upload(30, floats(3, 9, 9, 8, 1, 0), bits(1, 0, 0, 1, 1)),
    upload(60, floats(9, 4, 9, 2, 9, 0), bits(0, 1, 0, 1, 0)),
  ]

  it('has the worked values and the union of the masks', () => {
    const { parameters, mask } = meanOverAll(plan, uploads, 1)
    expect(rounded(parameters)).toEqual([1, 2.6, 0, 4, 0.3, 0])
    expect([...mask]).toEqual([1, 1, 0, 1, 1])
  })

  it('keeps what has the votes', () => {
    const { parameters, mask } = meanOverAll(plan, uploads, 3)
    expect([...mask]).toEqual([0, 0, 0, 1, 0])
    expect(rounded(parameters)).toEqual([0, 0, 0, 4, 0, 0])
  })
})

describe('the gradual schedule', () => {
  it('is cubic in steps of the interval and ends at S', () => {
    const experiment = experimentWith({
      method: 'fedsparsify-global',
      sparsity: 0.8,
      rounds: 40,
      rateDecayEnd: 20,
      readjustmentInterval: 5,
      decayExponent: 3,
    })
    // After round 3 nothing yet; after round 4, 5 of 20: 0.8·(1 − 0.75³).
    const at = [3, 4, 8, 9, 19, 30].map((round) => gradualSparsity(experiment, round))
    expect(rounded(at)).toEqual([0, 0.4625, 0.4625, 0.7, 0.8, 0.8])
  })
})

describe('PruneFL', () => {
  it('takes candidates while they are worth their time', () => {
    // c₀ = 2, kept a (4, 2) and b (1, 1): Δ/T = 5/5. e: 1.2 > 1 → 5.6/5.5; c: 0.45 stops.
    const candidates = [
      { gain: 0.6, time: 0.5 },
      { gain: 0.9, time: 2 },
      { gain: 0.1, time: 0.5 },
    ]
    expect(worthTaking({ gain: 5, time: 2 + 2 + 1 }, candidates)).toBe(1)
  })

  it('keeps large weights whatever their gradient and adds important ones, active or not', () => {
    // Every weight of a dense layer takes 1/4 of the time of these; constant time 0.2.
    const plan = tinyPlan([1, 4])
    const model = { parameters: floats(0.9, 0.1, 0, 0.8, 0), mask: bits(1, 1, 0, 1) }
    // Kept: 0 and 3 with gains 0.1 and 0.1, time 0.7: ratio 0.2857. Position 2 is worth 4, position 1 nothing.
    const mask = reconfigure(plan, model, floats(0.1, 0, 1, 0.1, 0), 0.34)
    expect([...mask]).toEqual([1, 0, 1, 1])
    expect([...reconfigure(plan, model, floats(1, 0.01, 0.01, 1, 0), 0.34)]).toEqual([1, 0, 0, 1])
  })
})

describe('LotteryFL', () => {
  it('prunes a share of each layer, never all', () => {
    const plan = tinyPlan([1, 4], [1, 1])
    const mask = keptAfterPruning(plan, floats(1, -4, 2, 3, 0, 5, 0), bits(1, 1, 1, 1, 1), 0.5)
    expect([...mask]).toEqual([0, 1, 0, 1, 1])
    expect([...keptAfterPruning(plan, floats(1, -4, 2, 3, 0, 5, 0), mask, 0.9)]).toEqual([0, 1, 0, 0, 1])
  })
})

describe('FedTiny', () => {
  it('takes one layer at a time, from the classifier backwards', () => {
    const plan = tinyPlan([1, 2], [1, 2], [1, 2])
    const experiment = experimentWith({ method: 'fedtiny', readjustmentInterval: 2 })
    expect([0, 2, 4, 6].map((round) => layerInTurn(plan, experiment, round))).toEqual([2, 1, 0, 2])
  })

  it('averages pieces, a missing one as 0', () => {
    const plan = tinyPlan([1, 2], [1, 3])
    const pieces = [
      upload(1, floats(), bits(), { positions: Int32Array.of(0, 2), values: floats(4, 8) }),
      upload(3, floats(), bits(), { positions: Int32Array.of(2), values: floats(-4) }),
    ]
    expect(rounded(meanOfPieces(plan, plan.prunable[1], pieces))).toEqual([0, 0, 1, 0, -1])
  })
})

describe('FedMef', () => {
  it('presses on the smallest active weights of each layer', () => {
    const plan = tinyPlan([1, 4], [1, 2])
    const model = { parameters: floats(0.5, -0.1, 0, 0.3, 9, 0.2, 0.1, 9), mask: bits(1, 1, 0, 1, 1, 1) }
    expect([...aboutToDrop(plan, model, 0.5)]).toEqual([0, 1, 0, 0, 0, 0, 1, 0])
  })
})

describe('FedSGC', () => {
  it('takes its share from the preferred and fills up with the others', () => {
    const scores = floats(5, 1, 4, 2, 3)
    const candidates = Uint32Array.of(0, 1, 2, 3, 4)
    const isPreferred = (at: number) => at === 0 || at === 2
    expect(chooseFirst(scores, candidates, 2, 'smallest', isPreferred, 0.5)).toEqual([2, 1])
    expect(chooseFirst(scores, candidates, 4, 'smallest', isPreferred, 0)).toEqual([1, 3, 4, 2])
    expect(chooseFirst(scores, candidates, 4, 'smallest', isPreferred, 1)).toEqual([0, 2, 1, 3])
  })

  it('drops against the global direction and grows along with it', () => {
    const plan = tinyPlan([1, 6])
    const experiment = experimentWith({
      method: 'fedsgc',
      readjustmentRatio: 0.5,
      rounds: 10,
      conflictShare: 1,
      agreementShare: 1,
      decayExponent: 1,
    })
    const moved = moveBySigns(plan, experiment, 0, {
      received: { parameters: floats(1, 1, 1, 0, 0, 0, 0), mask: bits(1, 1, 1, 0, 0, 0) },
      // Weight 2 rose while the mean falls there; weight 0 is smaller but agrees.
      trained: { parameters: floats(0.2, 1.1, 1.5, 0, 0, 0, 0), mask: bits(1, 1, 1, 0, 0, 0) },
      // SGD would raise weight 4, as the mean does; weight 5 has the larger gradient.
      gradient: floats(0, 0, 0, 0.1, -0.2, -0.9),
      direction: bits(1, 0, 1, 2, 2, 1),
    })
    expect([...moved.mask]).toEqual([1, 1, 0, 0, 1, 0])
    expect(rounded(moved.parameters)).toEqual([0.2, 1.1, 0, 0, 0, 0, 0])
  })
})

describe('FedRTS', () => {
  const plan = tinyPlan([1, 4])
  const experiment = experimentWith({ method: 'fedrts', banditBlend: 0.5, banditStep: 10 })
  const mean = { parameters: floats(0.9, 0.5, 0.1, 0, 0), mask: bits(1, 1, 1, 0) }
  const uploads = [
    upload(1, floats(0.9, 0.1, 0.5, 0, 0), bits(1, 1, 1, 0), { candidates: Int32Array.of(3) }),
    upload(3, floats(0.9, 0.8, 0.1, 0, 0), bits(1, 1, 1, 0), { candidates: Int32Array.of() }),
  ]

  it('learns from the largest of the mean and of the clients', () => {
    // κ = 2. Mean: weights 0, 1. Client 1 (p = ¼): 0, 2. Client 2 (p = ¾): 0, 1.
    const outcome = activeOutcomes(plan, experiment, mean, uploads, [2])
    expect(rounded(outcome)).toEqual([1, 0.875, 0.125, 0])
    const posterior = { a: floats(1, 1, 1, 1), b: floats(1, 1, 1, 1) }
    const learnt = learn(experiment, posterior, outcome, mean.mask, 1)
    expect(rounded(learnt.a)).toEqual([11, 9.75, 2.25, 1])
    expect(rounded(learnt.b)).toEqual([1, 2.25, 9.75, 1])
  })

  it('learns about inactive weights from the positions that clients name', () => {
    const outcome = inactiveOutcomes(plan, experiment, uploads)
    expect(outcome[3]).toBeCloseTo(0.25 + 0.5 * 0.25, 6)
    expect(outcome[0]).toBeCloseTo(0.25, 6)
  })

  it('ranks by the mean a/(a + b) when that stands in for the sample', () => {
    const posterior = { a: floats(11, 9.75, 2.25, 4.75), b: floats(1, 2.25, 9.75, 7.25) }
    const means = drawFrom(plan, posterior, () => (a, b) => a / (a + b))
    expect([...largestPerLayer(plan, means, [3], bits(1, 1, 1, 1))]).toEqual([1, 1, 0, 1])
  })

  it('samples Beta(a, b): mean and variance, from a stream of its own', () => {
    const draw = thompsonDraw({ seed: 1 }, 4)('fc1')
    const values = Array.from({ length: 20_000 }, () => draw(2, 3))
    const average = values.reduce((sum, value) => sum + value, 0) / values.length
    const variance = values.reduce((sum, value) => sum + (value - average) ** 2, 0) / values.length
    // Four standard errors of the mean: 4·0.2/√20000.
    expect(Math.abs(average - 0.4)).toBeLessThan(0.0057)
    expect(Math.abs(variance - 0.04)).toBeLessThan(0.002)
    expect(thompsonDraw({ seed: 1 }, 4)('fc1')(2, 3)).toBe(values[0])
    expect(thompsonDraw({ seed: 1 }, 5)('fc1')(2, 3)).not.toBe(values[0])
  })
})

describe('FLASH', () => {
  const plan = tinyPlan([2, 10], [1, 20])

  it('agrees on the mean of the layers’ counts at the target', () => {
    expect(
      consensus(
        plan,
        [
          [4, 6],
          [8, 2],
        ],
        12,
      ),
    ).toEqual([7, 5])
    expect(consensus(plan, [[10, 0]], 10)).toEqual([9, 1])
  })

  it('keeps the number of weights and favours the layer of large ones', () => {
    const mask = new Uint8Array(40)
    mask.fill(1, 0, 10).fill(1, 20, 30)
    const parameters = new Float32Array(plan.parameterCount)
    parameters.fill(1, 0, 10)
    parameters.fill(0.1, plan.prunable[1].weightOffset, plan.prunable[1].weightOffset + 10)
    const moved = redistribute(plan, { parameters, mask }, 0.5, 1, 'test')
    expect(countActive(moved.mask)).toBe(20)
    // Ten dropped weights come back as 1 : 0.1.
    expect(countActive(moved.mask.subarray(0, 20))).toBe(5 + 9)
  })
})

describe('SparsyFed', () => {
  const plan = tinyPlan([1, 3])

  it('finds the inner weights of effective ones, biases as they are', () => {
    const effective = floats(0.5, -0.25, 0, 0.7)
    const inner = innerWeights(plan, effective, 1.25)
    expect(rounded(inner, 5)).toEqual([0.57435, -0.32988, 0, 0.7])
    expect(rounded(effectiveWeights(plan, inner, 1.25))).toEqual(rounded(effective))
    expect([...effectiveWeights(plan, effective, 1)]).toEqual([...effective])
  })
})

describe('SpaFL', () => {
  // Two neurons of three inputs; the second layer has one of one.
  const plan = tinyPlan([2, 3], [1, 1])
  const weights = floats(0.3, -0.6, 0.3, 0.1, 0.1, -0.1, 0, 0, 0.5, 0)

  it('masks neurons whose mean magnitude is below their threshold', () => {
    const thresholds = floats(0.3, 0.2, 0.1)
    expect([...maskOfThresholds(plan, weights, thresholds)]).toEqual([1, 1, 1, 0, 0, 0, 1])
    expect(rounded(thresholds)).toEqual([0.3, 0.2, 0.1])
  })

  it('lets a layer that dies out start again', () => {
    const thresholds = floats(0.3, 0.2, 0.9)
    maskOfThresholds(plan, weights, thresholds)
    expect(rounded(thresholds)).toEqual([0.3, 0.2, 0])
  })

  it('passes gradients straight through the mask', () => {
    const mask = bits(1, 1, 1, 0, 0, 0, 1)
    const gradient = floats(1, 2, 3, 1, 1, 1, 0, 0, 2, 0)
    const { byWeights, byThresholds } = straightThrough(plan, weights, mask, gradient, floats(0, 0, 0), 0.1)
    // Σ g·w per neuron: 0, 0.1, 1.
    expect(rounded(byThresholds)).toEqual([-0.1, -0.2, -1.1])
    expect(rounded(byWeights.subarray(0, 3))).toEqual([1, 2, 3])
    expect(rounded(byWeights.subarray(3, 6))).toEqual([0.033333, 0.033333, -0.033333])
    expect(rounded(byWeights.subarray(8, 9))).toEqual([3])
  })

  it('moves weights against a rise of their threshold', () => {
    const moved = followThresholds(plan, floats(1, 1, 1, -1, -1, -1, 0, 0, 2, 0), floats(0.3, 0.3, -1))
    expect(rounded(moved)).toEqual([0.9, 0.9, 0.9, -0.9, -0.9, -0.9, 0, 0, 3, 0])
  })
})
