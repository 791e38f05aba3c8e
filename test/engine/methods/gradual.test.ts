import { describe, expect, it } from 'vitest'
import type { ExperimentInput } from '../../../src-main/contract/experiment'
import { createInProcessPool } from '../../../src-main/engine/federated/in-process-pool'
import { runExperiment } from '../../../src-main/engine/federated/round-loop'
import type { RunEvent } from '../../../src-main/engine/federated/run-events'
import { gradualSparsity, rampShare } from '../../../src-main/engine/methods/gradual'
import { lotteryRemaining } from '../../../src-main/engine/methods/lth'
import { prepareModel } from '../../../src-main/engine/methods/prepare-model'
import { initialParameters } from '../../../src-main/engine/models/initialise'
import { layerTargets } from '../../../src-main/engine/sparsity/distributions'
import { activePerLayer, applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { digest } from '../digest'
import { experimentWith } from '../experiments'
import { createReferenceTrainer, syntheticImages } from '../reference-trainer'

const shape = [1, 2, 3] as const
const train = syntheticImages(24, shape, 3, 'train')
const test = syntheticImages(12, shape, 3, 'test')

async function run(input: ExperimentInput) {
  const experiment = experimentWith({
    model: 'lenet-300-100',
    totalClients: 2,
    clientsPerRound: 2,
    learningRate: 0.05,
    batchSize: 12,
    sparsity: 0.8,
    readjustmentInterval: 1,
    ...input,
  })
  const { plan, warnings } = prepareModel(experiment, shape, 3)
  const pool = createInProcessPool(() => createReferenceTrainer(plan), train, test)
  const events: RunEvent[] = []
  const { signal } = new AbortController()
  for await (const event of runExperiment({ experiment, classes: 3, pool, checkpoint: null, signal })) {
    events.push(event)
  }
  return {
    plan,
    experiment,
    warnings,
    rounds: events.flatMap((event) => (event.type === 'round' ? [event] : [])),
    topology: events.flatMap((event) => (event.type === 'topology' ? [event] : [])),
  }
}

const counts = ({ rounds }: Awaited<ReturnType<typeof run>>) => rounds.map(({ state }) => countActive(state.mask))

describe('the cubic ramp', () => {
  it('has the values of the formula', () => {
    // 100 rounds of ramp after 20 dense ones, moved every round.
    const experiment = experimentWith({ rounds: 200, rateDecayEnd: 120, readjustmentInterval: 1, sparsity: 0.9 })
    const at = (percent: number) => Number(gradualSparsity(experiment, 19 + percent, 20).toFixed(9))
    expect([0, 10, 25, 50, 75, 100, 150].map(at)).toEqual([0, 0.2439, 0.5203125, 0.7875, 0.8859375, 0.9, 0.9])
    expect(gradualSparsity(experiment, 5, 20)).toBe(0)
    expect(rampShare(experiment, 69, 20)).toBe(0.875)
  })
})

describe('the remaining weights of a lottery ticket', () => {
  it('are 0.8 to the power of the prunings', () => {
    const share = (times: number) => lotteryRemaining(0.2, times)(1_000_000, 1) / 1_000_000
    expect([3, 5, 10, 15, 20].map((times) => Number(share(times).toFixed(3)))).toEqual([
      0.512, 0.328, 0.107, 0.035, 0.012,
    ])
    // ⌈0.2·7⌉ = 2 go, and never more than down to the target.
    expect([1, 2, 3].map((times) => lotteryRemaining(0.2, times)(7, 4))).toEqual([5, 4, 4])
  })
})

describe('gradual magnitude pruning', () => {
  it('waits, prunes ever less, and ends at the targets of the layers', async () => {
    const done = await run({ method: 'gmp', rounds: 8, denseRounds: 2, rateDecayEnd: 6 })
    const active = counts(done)
    expect(active.slice(0, 2)).toEqual([done.plan.prunableCount, done.plan.prunableCount])
    const falls = active.slice(1, 6).map((count, at, all) => (at === 0 ? 0 : all[at - 1] - count))
    expect(falls.slice(1)).toEqual([...falls.slice(1)].sort((a, b) => b - a))
    expect(activePerLayer(done.plan, done.rounds[7].state.mask)).toEqual(
      layerTargets(done.plan.prunable, done.experiment).active,
    )
    expect(done.topology).toHaveLength(1 + 4)
  })

  it('compares over the network on request, and leaves excluded layers alone', async () => {
    const input = { method: 'gmp', rounds: 6, denseRounds: 1, pruningScope: 'network', lastLayer: 'dense' } as const
    const { plan, rounds } = await run(input)
    expect(countActive(rounds[5].state.mask)).toBe(plan.prunableCount - Math.floor(0.8 * plan.prunableCount))
    expect(activePerLayer(plan, rounds[5].state.mask)[2]).toBe(300)
  })
})

describe('magnitude pruning after training', () => {
  it('prunes once, halfway, and retrains more slowly', async () => {
    const shot = await run({ method: 'magnitude-one-shot', rounds: 4 })
    const target = layerTargets(shot.plan.prunable, shot.experiment).active.reduce((sum, count) => sum + count, 0)
    expect(counts(shot)).toEqual([shot.plan.prunableCount, target, target, target])
    const fast = await run({ method: 'magnitude-one-shot', rounds: 4, retrainingFactor: 1 })
    expect(digest(fast.rounds[1].state.parameters)).toBe(digest(shot.rounds[1].state.parameters))
    const step = ({ rounds }: typeof shot) =>
      rounds[2].state.parameters.reduce((sum, value, at) => sum + (value - rounds[1].state.parameters[at]) ** 2, 0)
    expect(step(fast)).toBeGreaterThan(10 * step(shot))
  })

  it('prunes the same share of what remains each time', async () => {
    const done = await run({
      method: 'magnitude-iterative',
      rounds: 8,
      denseRounds: 2,
      rateDecayEnd: 6,
      layerDistribution: 'uniform',
    })
    // Five prunings, after rounds 1 to 5, down to a fifth: 0.2^(1/5) = 0.7248 each.
    expect(done.topology).toHaveLength(1 + 5)
    const active = counts(done)
    expect(active[0]).toBe(done.plan.prunableCount)
    for (const round of [1, 2, 3, 4, 5]) expect(active[round] / active[round - 1]).toBeCloseTo(0.7248, 3)
    expect(active[7]).toBe(done.plan.prunableCount * 0.2)
  })
})

describe('the lottery ticket', () => {
  it('rewinds to the initial weights after every training', async () => {
    const { plan, experiment, rounds, topology } = await run({
      method: 'lth',
      rounds: 7,
      readjustmentInterval: 2,
      pruningRate: 0.5,
      pruningScope: 'network',
      sparsity: 0.7,
    })
    const initial = initialParameters(plan, experiment.seed)
    for (const at of [1, 3]) {
      const { state } = rounds[at]
      expect(digest(state.parameters)).toBe(digest(applyMask(plan, initial, state.mask)))
    }
    expect(digest(rounds[2].state.parameters)).not.toBe(digest(applyMask(plan, initial, rounds[2].state.mask)))
    const target = plan.prunableCount - Math.floor(0.7 * plan.prunableCount)
    const half = plan.prunableCount - Math.ceil(0.5 * plan.prunableCount)
    expect(counts({ plan, experiment, warnings: [], rounds, topology })).toEqual([
      plan.prunableCount,
      half,
      half,
      target,
      target,
      target,
      target,
    ])
    // Nothing is left to prune after round 5.
    expect(topology).toHaveLength(1 + 2)
    for (const { record } of topology) {
      for (const invariant of record.invariants) expect(invariant).toMatchObject({ holds: true, detail: '' })
    }
  })

  it('rewinds to a later round, and says when S cannot be reached', async () => {
    const { plan, rounds, warnings } = await run({
      method: 'lth',
      rounds: 4,
      rewindRound: 1,
      readjustmentInterval: 2,
      pruningRate: 0.1,
    })
    expect(digest(rounds[2].state.parameters)).toBe(
      digest(applyMask(plan, rounds[0].state.parameters, rounds[2].state.mask)),
    )
    expect(warnings.at(-1)).toMatch(/^S = 0.8 is not reached: it takes 16 prunings, so at least 34 rounds/)
  })
})
