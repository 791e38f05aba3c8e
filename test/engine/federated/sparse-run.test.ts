import { describe, expect, it } from 'vitest'
import type { ExperimentInput } from '../../../src-main/contract/experiment'
import { ablationArms } from '../../../src-main/contract/methods'
import { createInProcessPool } from '../../../src-main/engine/federated/in-process-pool'
import { runExperiment } from '../../../src-main/engine/federated/round-loop'
import type { RunCheckpoint, RunEvent } from '../../../src-main/engine/federated/run-events'
import { prepareModel } from '../../../src-main/engine/methods/prepare-model'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { createSparseTrainer } from '../../../src-main/engine/trainer/sparse/sparse-trainer'
import type { LabelledImages, Trainer } from '../../../src-main/engine/trainer/trainer'
import { allKernels, nativeKernels, wasmKernels } from '../../trainer/sparse-kernels'
import { digest } from '../digest'
import { experimentWith } from '../experiments'
import { createReferenceTrainer, syntheticImages } from '../reference-trainer'

const classes = 4
const sparse = (plan: ModelPlan) => createSparseTrainer(plan, wasmKernels)

async function run(
  input: ExperimentInput,
  train: LabelledImages,
  test: LabelledImages,
  createTrainer: (plan: ModelPlan) => Trainer = sparse,
  checkpoint: RunCheckpoint | null = null,
) {
  const experiment = experimentWith({
    totalClients: 3,
    clientsPerRound: 3,
    rounds: 4,
    readjustmentInterval: 1,
    learningRate: 0.02,
    batchSize: 8,
    ...input,
  })
  const { plan } = prepareModel(experiment, train.shape, classes)
  const pool = createInProcessPool(() => createTrainer(plan), train, test)
  const events: RunEvent[] = []
  const signal = new AbortController().signal
  for await (const event of runExperiment({ experiment, classes, pool, checkpoint, signal })) events.push(event)
  pool.dispose()
  const rounds = events.flatMap((event) => (event.type === 'round' ? [event] : []))
  const topology = events.flatMap((event) => (event.type === 'topology' ? [event] : []))
  return { rounds, topology, state: rounds[rounds.length - 1].state }
}

describe('a run on the sparse trainer', () => {
  const mnistShape = [1, 28, 28] as const
  const train = syntheticImages(72, mnistShape, classes, 'train')
  const test = syntheticImages(40, mnistShape, classes, 'test')
  const timeless = (records: readonly { record: object }[]) => records.map(({ record }) => ({ ...record, seconds: 0 }))

  it.each(ablationArms)("learns with FedDST's CNN in the %s arm and keeps every invariant", async (method) => {
    const { rounds, topology } = await run({ method, sparsity: 0.8, localEpochs: 5 }, train, test)
    expect(rounds[3].record.trainLoss).toBeLessThan(rounds[0].record.trainLoss)
    expect(rounds[3].record.globalAccuracy).toBeGreaterThan(0.5)
    expect(topology).toHaveLength(method === 'dynamic' ? 4 : 1)
    for (const { record } of topology) {
      for (const invariant of record.invariants) expect(invariant).toMatchObject({ holds: true, detail: '' })
    }
  })

  it('resumes from every round to the same bits', async () => {
    const input = { growthCriterion: 'gradient', sparsity: 0.8 } as const
    const whole = await run(input, train, test)
    for (const { state } of whole.rounds.slice(0, -1)) {
      const rest = await run(input, train, test, sparse, state)
      expect(timeless(rest.rounds)).toEqual(timeless(whole.rounds.slice(state.nextRound)))
      expect(digest(rest.state.parameters)).toBe(digest(whole.state.parameters))
      expect(digest(rest.state.mask)).toBe(digest(whole.state.mask))
    }
  })

  it.skipIf(Object.keys(nativeKernels).length === 0)('is the same run on every kind of kernels', async () => {
    const input = { growthCriterion: 'gradient', sparsity: 0.8, proximalCoefficient: 0.1, weightDecay: 0.001 } as const
    const runs = await Promise.all(
      Object.values(allKernels).map((kernels) =>
        run(input, train, test, (plan: ModelPlan) => createSparseTrainer(plan, kernels)),
      ),
    )
    expect(runs.length).toBeGreaterThan(1)
    for (const { rounds, topology, state } of runs.slice(1)) {
      expect(timeless(rounds)).toEqual(timeless(runs[0].rounds))
      expect(topology).toEqual(runs[0].topology)
      expect(digest(state.parameters)).toBe(digest(runs[0].state.parameters))
      expect(digest(state.mask)).toBe(digest(runs[0].state.mask))
    }
  })

  it('follows the referee trainer through topology updates', async () => {
    const shape = [1, 4, 4] as const
    const images = [syntheticImages(60, shape, classes, 'train'), syntheticImages(40, shape, classes, 'test')] as const
    const input = { model: 'lenet-300-100', growthCriterion: 'gradient', proximalCoefficient: 0.1, rounds: 4 } as const
    const fast = await run(input, ...images)
    const slow = await run(input, ...images, createReferenceTrainer)
    fast.rounds.forEach(({ record }, round) => {
      expect(record.trainLoss).toBeCloseTo(slow.rounds[round].record.trainLoss, 4)
      expect(record.globalLoss).toBeCloseTo(slow.rounds[round].record.globalLoss ?? NaN, 4)
    })
    const largest = fast.state.parameters.reduce(
      (most, value, at) => Math.max(most, Math.abs(value - slow.state.parameters[at])),
      0,
    )
    expect(largest).toBeLessThan(1e-4)
  })
})
