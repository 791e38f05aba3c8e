import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import {
  experimentFieldNames,
  experimentSchema,
  fieldMetadata,
  type Experiment,
  type ExperimentField,
} from '../../../src-main/contract/experiment'
import { methodNames, methods, type MethodName } from '../../../src-main/contract/methods'
import { roundRecordSchema, topologyRecordSchema } from '../../../src-main/contract/records'
import { DatasetStore } from '../../../src-main/datasets/dataset-store'
import type { ClientJob, ClientPool } from '../../../src-main/engine/federated/client-pool'
import type { ClientReport } from '../../../src-main/engine/federated/client-work'
import { createInProcessPool, type InProcessPool } from '../../../src-main/engine/federated/in-process-pool'
import { previewPlan } from '../../../src-main/engine/federated/preview-plan'
import { runExperiment } from '../../../src-main/engine/federated/round-loop'
import type { RunCheckpoint, RunEvent } from '../../../src-main/engine/federated/run-events'
import { prepareModel } from '../../../src-main/engine/methods/prepare-model'
import { methodRecipes } from '../../../src-main/engine/methods/registry'
import type { ModelPlan } from '../../../src-main/engine/models/plan'
import { layerTargets } from '../../../src-main/engine/sparsity/distributions'
import { activePerLayer, applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { createSparseTrainer } from '../../../src-main/engine/trainer/sparse/sparse-trainer'
import type { LabelledImages } from '../../../src-main/engine/trainer/trainer'
import { openKernels } from '../../../src-main/host/kernel-source'
import { loadKernels } from '../../../src-main/host/kernels'
import { WorkerPool } from '../../../src-main/host/worker-pool'
import { readCheckpoints, writeCheckpoint } from '../../../src-main/sessions/checkpoints'
import { digest } from '../digest'
import { buildApplication, type BuiltApplication } from '../../host/build-application'

/**
 * What holds for every method: a few rounds on real digits, with three of four clients in a round. A method enters this test by
 * standing in the registry.
 */

const classes = 10
const rounds = 4
const goOn = new AbortController().signal
let train: LabelledImages
let test: LabelledImages
let application: BuiltApplication
let workers: WorkerPool
let folder: string

beforeAll(async () => {
  const mnist = await new DatasetStore(join(tmpdir(), 'no-data-here')).load('mnist')
  train = firstOf(mnist.train, 48)
  test = firstOf(mnist.test, 24)
  application = await buildApplication('training-worker')
  workers = new WorkerPool({ kernels: await loadKernels(), workers: 2, workerUrl: application.workerUrl })
  folder = await mkdtemp(join(tmpdir(), 'every-method-'))
  await mkdir(join(folder, 'checkpoints'))
})
afterAll(async () => {
  for (const pools of opened.values()) (await pools).single.dispose()
  await workers.dispose()
  await application.remove()
  await rm(folder, { recursive: true })
})

function firstOf(images: LabelledImages, count: number): LabelledImages {
  const [channels, height, width] = images.shape
  return {
    ...images,
    pixels: images.pixels.slice(0, count * channels * height * width),
    labels: images.labels.slice(0, count),
    count,
  }
}

function experimentOf(method: MethodName): Experiment {
  return experimentSchema.parse({
    method,
    model: 'lenet-5',
    totalClients: 4,
    clientsPerRound: 3,
    rounds,
    localEpochs: 2,
    readjustmentInterval: 2,
    rateDecayEnd: rounds,
    learningRate: 0.06,
    sparsity: 0.8,
    batchSize: 6,
    evaluationInterval: 2,
    // Small numbers of whatever takes long by default, and times that come within so few rounds.
    warmUpEpochs: 1,
    scoringImages: 8,
    scoringSteps: 3,
    denseRounds: 1,
    retrainingFactor: 1,
    pruningBegin: 1,
    pruningInterval: 2,
    seed: 5,
  })
}

interface Asked {
  readonly jobs: readonly ClientJob[]
  readonly reports: readonly ClientReport[]
}

async function run(experiment: Experiment, pool: ClientPool, checkpoint: RunCheckpoint | null = null) {
  const events: RunEvent[] = []
  const asked: Asked[] = []
  const listening: ClientPool = {
    ...pool,
    trainClients: async (jobs, onClientDone, signal) => {
      const reports = await pool.trainClients(jobs, onClientDone, signal)
      asked.push({ jobs, reports })
      return reports
    },
  }
  for await (const event of runExperiment({ experiment, classes, pool: listening, checkpoint, signal: goOn })) {
    events.push(event)
  }
  return {
    asked,
    rounds: events.flatMap((event) => (event.type === 'round' ? [event] : [])),
    topology: events.flatMap((event) => (event.type === 'topology' ? [event] : [])),
  }
}
type Run = Awaited<ReturnType<typeof run>>

/** Pools of one thread and of two, by plan: most methods train the same one. */
interface Pools {
  readonly single: InProcessPool
  readonly double: ClientPool
}
const opened = new Map<string, Promise<Pools>>()

function poolsFor(experiment: Experiment): Promise<Pools> {
  const { plan } = prepareModel(experiment, train.shape, classes)
  const key = JSON.stringify(plan)
  const pools = opened.get(key) ?? openPools(plan)
  opened.set(key, pools)
  return pools
}

async function openPools(plan: ModelPlan): Promise<Pools> {
  const kernels = openKernels(await loadKernels())
  const double = await workers.open(plan, { train, test })
  return { single: createInProcessPool(() => createSparseTrainer(plan, kernels), train, test), double }
}

/** All that a run wrote down and all that it would go on from, without the clock. */
function bits({ rounds: ended, topology }: Pick<Run, 'rounds' | 'topology'>): string {
  const hash = createHash('sha256')
  const text = JSON.stringify({ ended, topology }, (key, value: unknown) => {
    if (key === 'seconds') return undefined
    if (value instanceof Map) return [...(value as Map<unknown, unknown>)].sort()
    if (!ArrayBuffer.isView(value)) return inOrder(value)
    return createHash('sha256')
      .update(new Uint8Array(value.buffer, value.byteOffset, value.byteLength))
      .digest('hex')
  })
  return hash.update(text).digest('hex')
}

/** Names in alphabetical order: a state read from a file has them in another one. */
function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)))
}

const total = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0)
const bytes = (bitCounts: readonly number[]) => total(bitCounts.map((count) => Math.ceil(count / 8)))

describe.each(methodNames)('%s', (method) => {
  const experiment = experimentOf(method)
  const recipe = methodRecipes[method]
  const read = new Set<string>()
  let whole: Run

  beforeAll(async () => {
    const noted = new Proxy(experiment, {
      get: (fields, name: ExperimentField) => {
        read.add(name)
        return fields[name]
      },
    })
    whole = await run(noted, (await poolsFor(experiment)).single)
  })

  it('looks at the parameters that it lists and at no others', () => {
    const own = experimentFieldNames.filter((name) => fieldMetadata(name).appliesTo === 'method')
    expect(own.filter((name) => read.has(name)).sort()).toEqual([...methods[method].parameters].filter(isOwn).sort())
    function isOwn(name: ExperimentField): boolean {
      return own.includes(name)
    }
  })

  it('keeps every invariant and the counts that it names, and learns', () => {
    const { plan } = prepareModel(experiment, train.shape, classes)
    expect(whole.rounds.map(({ record }) => record.round)).toEqual([0, 1, 2, 3])
    for (const { record, mask } of whole.topology) {
      expect(topologyRecordSchema.parse(record)).toEqual(record)
      for (const invariant of record.invariants) expect(invariant).toMatchObject({ holds: true, detail: '' })
      const counts = activePerLayer(plan, mask)
      expect(record.layers.map(({ active }) => active)).toEqual(counts)
      expect(Math.min(...counts)).toBeGreaterThan(0)
      // A method that takes the layers' shares from the experiment keeps them to the weight.
      if (methods[method].parts.distribution === 'free') {
        expect(counts).toEqual(layerTargets(plan.prunable, experiment).active)
      }
    }
    let fired = new Uint8Array(plan.prunableCount)
    for (const { record, state } of whole.rounds) {
      expect(roundRecordSchema.parse(record)).toEqual(record)
      const { parameters, mask } = state
      expect(digest(parameters)).toBe(digest(applyMask(plan, parameters, mask)))
      expect(state.requestedActive).toEqual(activePerLayer(plan, mask))
      expect(fired.every((bit, at) => bit <= state.fired[at])).toBe(true)
      expect(mask.every((bit, at) => bit <= state.fired[at])).toBe(true)
      fired = state.fired.slice()
    }
    expect(countActive(whole.rounds[rounds - 1].state.mask)).toBeLessThanOrEqual(plan.prunableCount)
    const losses = whole.rounds.map(({ record }) => record.trainLoss)
    expect(Math.min(...losses.slice(1))).toBeLessThan(losses[0])
  })

  it('adds up what its clients computed and sent', () => {
    const { plan } = prepareModel(experiment, train.shape, classes)
    const biases = plan.parameterCount - plan.prunableCount
    const model = (active: number, withMask: boolean) =>
      32 * (active + biases) + (withMask && active < plan.prunableCount ? plan.prunableCount : 0)
    // Questions before round 0 are booked with it.
    const before = whole.asked.filter(({ jobs }) => jobs[0].round < 0)
    const known = new Map<number, number>()
    for (const { record } of whole.rounds) {
      const own = whole.asked.filter(({ jobs }) => jobs[0].round === record.round)
      expect(own).toHaveLength(1)
      expect(own[0].jobs.map(({ client }) => client)).toEqual(record.clients)
      const booked = record.round === 0 ? [...before, ...own] : own
      const reports = booked.flatMap((asked) => asked.reports)
      expect(record.trainingFlops).toBe(total(reports.map(({ flops }) => flops)))
      expect(record.largestClientFlops).toBe(Math.max(...reports.map(({ flops }) => flops)))

      const up: number[] = []
      const down: number[] = []
      for (const { jobs, reports: answers } of booked) {
        jobs.forEach((job, index) => {
          const { parameters, mask, sentBits, transfer } = answers[index]
          const isQuestion = job.round < 0
          const sent = transfer?.sent === undefined ? countActive(mask ?? job.mask) : total(transfer.sent ?? [])
          const sends = parameters !== null && transfer?.sent !== null
          up.push(sentBits + (sends ? model(sent, transfer?.sendsMask ?? mask !== null) : 0))
          const received = transfer?.received === undefined ? countActive(job.mask) : total(transfer.received)
          // The mask travels to those that have not the one in force.
          const updates = whole.topology.filter((event) => event.record.round < job.round || event.record.update === 0)
          const isNew = known.get(job.client) !== updates.length
          if (!isQuestion) known.set(job.client, updates.length)
          down.push(model(received, transfer?.receivesMask ?? (isQuestion || isNew)))
        })
      }
      if (recipe.accounting !== undefined) {
        // Published code counts in its own way.
        expect(record.uploadBytes).toBeGreaterThan(0)
        continue
      }
      expect(record.uploadBytes).toBe(bytes(up))
      const extra = recipe.download !== undefined || before.some(({ jobs }) => Object.keys(jobs[0].download).length > 0)
      if (extra) expect(record.downloadBytes).toBeGreaterThanOrEqual(bytes(down))
      else expect(record.downloadBytes).toBe(bytes(down))
    }
  })

  it('has a preview before it runs', () => {
    const images = Array.from({ length: 4 }, () => train.count / 4)
    const preview = previewPlan(experiment, train.shape, classes, images, null)
    expect(preview.totalUploadBytes).toBeGreaterThan(0)
    expect(preview.totalTrainingFlops).toBeGreaterThan(0)
  })

  it('is the same run on two threads, and when it is resumed from a file', async () => {
    const { single, double } = await poolsFor(experiment)
    const parallel = await run(experiment, double)
    expect(bits(parallel)).toBe(bits(whole))

    const saved = { state: whole.rounds[1].state, roundsSha256: '', topologySha256: '' }
    await writeCheckpoint(folder, 'a', saved)
    const { found } = await readCheckpoints(folder)
    const rest = await run(experiment, single, found[0].state)
    const later = {
      rounds: whole.rounds.slice(2),
      topology: whole.topology.filter(({ record }) => record.update > 0 && record.round >= 2),
    }
    expect(bits(rest)).toBe(bits(later))
  })
})
