import { describe, expect, it } from 'vitest'
import type { Experiment, ExperimentInput } from '../../../src-main/contract/experiment'
import { ablationArms } from '../../../src-main/contract/methods'
import { roundRecordSchema, topologyRecordSchema } from '../../../src-main/contract/records'
import { createInProcessPool } from '../../../src-main/engine/federated/in-process-pool'
import { previewPlan } from '../../../src-main/engine/federated/preview-plan'
import { runExperiment } from '../../../src-main/engine/federated/round-loop'
import type { RunCheckpoint, RunEvent } from '../../../src-main/engine/federated/run-events'
import { partitionData } from '../../../src-main/engine/data/partition'
import { prepareModel } from '../../../src-main/engine/methods/prepare-model'
import type { MethodRecipe } from '../../../src-main/engine/methods/recipe'
import { staticPruning } from '../../../src-main/engine/methods/static'
import { maskedMean, meanOfSent } from '../../../src-main/engine/federated/aggregation'
import { plainTraining } from '../../../src-main/engine/federated/client-work'
import { arrayOf } from '../../../src-main/engine/federated/named-arrays'
import { applyMask, countActive } from '../../../src-main/engine/sparsity/masks'
import { digest } from '../digest'
import { experimentWith } from '../experiments'
import { createReferenceTrainer, syntheticImages } from '../reference-trainer'

const shape = [1, 4, 4] as const
const classes = 4
const train = syntheticImages(120, shape, classes, 'train')
const test = syntheticImages(60, shape, classes, 'test')
const goOn = new AbortController().signal

function smallExperiment(input: ExperimentInput = {}): Experiment {
  return experimentWith({
    model: 'lenet-300-100',
    totalClients: 4,
    clientsPerRound: 4,
    rounds: 4,
    readjustmentInterval: 1,
    learningRate: 0.05,
    sparsity: 0.8,
    batchSize: 16,
    seed: 5,
    ...input,
  })
}

function poolFor(experiment: Experiment, recipe?: MethodRecipe) {
  const { plan } = prepareModel(experiment, shape, classes, recipe)
  return createInProcessPool(() => createReferenceTrainer(plan), train, test, recipe)
}

async function run(experiment: Experiment, checkpoint: RunCheckpoint | null = null, recipe?: MethodRecipe) {
  const events: RunEvent[] = []
  const pool = poolFor(experiment, recipe)
  for await (const event of runExperiment({ experiment, classes, pool, checkpoint, signal: goOn, recipe })) {
    events.push(event)
  }
  pool.dispose()
  const rounds = events.flatMap((event) => (event.type === 'round' ? [event] : []))
  const topology = events.flatMap((event) => (event.type === 'topology' ? [event] : []))
  const finished = events.at(-1)
  if (finished?.type !== 'finished') throw new Error('the run did not finish')
  return { events, rounds, topology, state: finished.state }
}

function stateDigest(state: RunCheckpoint) {
  return {
    nextRound: state.nextRound,
    topologyUpdates: state.topologyUpdates,
    parameters: digest(state.parameters),
    mask: digest(state.mask),
    firstMask: digest(state.firstMask),
    fired: digest(state.fired),
    maskVersions: [...state.maskVersions],
  }
}
const timeless = (events: readonly { record: object }[]) => events.map(({ record }) => ({ ...record, seconds: 0 }))

describe('runExperiment', () => {
  it.each(ablationArms)('learns with the %s arm and keeps every record sound', async (method) => {
    const experiment = smallExperiment({ method, rounds: 5 })
    const { events, rounds, topology, state } = await run(experiment)

    expect(events[0].type).toBe('started')
    expect(events[1].type).toBe('topology')
    expect(rounds.map(({ record }) => record.round)).toEqual([0, 1, 2, 3, 4])
    for (const { record } of rounds) expect(roundRecordSchema.parse(record)).toEqual(record)
    for (const { record } of topology) {
      expect(topologyRecordSchema.parse(record)).toEqual(record)
      for (const invariant of record.invariants) expect(invariant).toMatchObject({ holds: true, detail: '' })
    }
    const { plan } = prepareModel(experiment, shape, classes)
    for (const {
      state: { parameters, mask },
    } of rounds) {
      expect(digest(applyMask(plan, parameters, mask))).toBe(digest(parameters))
    }
    const [first, last] = [rounds[0].record, rounds[4].record]
    expect(last.trainLoss).toBeLessThan(first.trainLoss)
    expect(last.globalAccuracy).toBeGreaterThan(0.6)
    const images = partitionData(experiment, train.labels, test.labels).test
    const hits = images.reduce((sum, own, client) => sum + (last.clientAccuracies?.[client] ?? 0) * own.length, 0)
    expect(hits / test.count).toBeCloseTo(last.globalAccuracy ?? 0, 12)
    expect(state.nextRound).toBe(5)
  })

  it('moves the topology of the dynamic arm alone, at constant counts', async () => {
    const counts: Record<string, number> = {}
    for (const method of ablationArms) {
      const { topology, state } = await run(smallExperiment({ method, rounds: 6, readjustmentInterval: 2 }))
      counts[method] = topology.length
      const moved = digest(state.mask) !== digest(state.firstMask)
      expect(moved).toBe(method === 'dynamic')
      expect(countActive(state.mask)).toBe(countActive(state.firstMask))
    }
    // ⌊3·6/4⌋ = 4: after rounds 0 and 2.
    expect(counts).toEqual({ dynamic: 3, static: 1, none: 1, 'small-dense': 1 })
  })

  it('shares partition, first weights and clients between arms of one seed', async () => {
    const partial = { clientsPerRound: 2, rounds: 3 }
    const dynamic = await run(smallExperiment({ ...partial, method: 'dynamic' }))
    const fixed = await run(smallExperiment({ ...partial, method: 'static' }))
    const none = await run(smallExperiment({ ...partial, method: 'none' }))
    const clients = ({ rounds }: typeof dynamic) => rounds.map(({ record }) => record.clients)
    expect(clients(dynamic)).toEqual(clients(fixed))
    expect(clients(dynamic)).toEqual(clients(none))
    expect(new Set(clients(dynamic).map(String)).size).toBeGreaterThan(1)
    // The arms differ from the first update on, not before: round 0 is the same training.
    expect(timeless(dynamic.rounds.slice(0, 1))).toEqual(timeless(fixed.rounds.slice(0, 1)))
  })

  it.each(['random', 'gradient'] as const)('resumes from every round to the same bits (%s growth)', async (growth) => {
    const experiment = smallExperiment({
      growthCriterion: growth,
      clientsPerRound: 2,
      partition: 'dirichlet',
      proximalCoefficient: 0.1,
    })
    const whole = await run(experiment)
    for (const { state } of whole.rounds) {
      const rest = await run(experiment, state)
      expect(rest.events.some(({ type }) => type === 'started')).toBe(false)
      expect(timeless(rest.rounds)).toEqual(timeless(whole.rounds.slice(state.nextRound)))
      expect(timeless(rest.topology)).toEqual(timeless(whole.topology.slice(state.topologyUpdates)))
      expect(rest.topology.map(({ mask }) => digest(mask))).toEqual(
        whole.topology.slice(state.topologyUpdates).map(({ mask }) => digest(mask)),
      )
      expect(stateDigest(rest.state)).toEqual(stateDigest(whole.state))
    }
  })

  it('does not change a checkpoint it has given out', async () => {
    const experiment = smallExperiment()
    const seen: [RunCheckpoint, string][] = []
    const pool = poolFor(experiment)
    for await (const event of runExperiment({ experiment, classes, pool, checkpoint: null, signal: goOn })) {
      if (event.type === 'round') seen.push([event.state, JSON.stringify(stateDigest(event.state))])
    }
    for (const [state, before] of seen) expect(JSON.stringify(stateDigest(state))).toBe(before)
  })

  it('equals dense FedAvg at sparsity 0, and static pruning at ratio 0', async () => {
    const dense = await run(smallExperiment({ method: 'none' }))
    const unpruned = await run(smallExperiment({ method: 'static', sparsity: 0 }))
    expect(digest(unpruned.state.parameters)).toBe(digest(dense.state.parameters))
    const still = await run(smallExperiment({ method: 'dynamic', readjustmentRatio: 0 }))
    const fixed = await run(smallExperiment({ method: 'static' }))
    expect(digest(still.state.parameters)).toBe(digest(fixed.state.parameters))
    expect(still.topology).toHaveLength(1)
  })

  it('evaluates at the interval and after the last round', async () => {
    const { rounds } = await run(smallExperiment({ rounds: 5, evaluationInterval: 2 }))
    expect(rounds.map(({ record }) => record.globalAccuracy !== null)).toEqual([false, true, false, true, true])
    expect(rounds[0].record.clientAccuracies).toBeNull()
  })

  it('passes over clients without images', async () => {
    const experiment = smallExperiment({
      partition: 'dirichlet',
      dirichletConcentration: 0.02,
      minimumSamplesPerClient: 0,
      totalClients: 12,
      clientsPerRound: 12,
      rounds: 1,
    })
    const owners = partitionData(experiment, train.labels, test.labels).train.flatMap((own, id) =>
      own.length > 0 ? [id] : [],
    )
    expect(owners.length).toBeLessThan(12)
    const { rounds } = await run(experiment)
    expect(rounds[0].record.clients).toEqual(owners)
    expect(rounds[0].record.clientAccuracies?.some((accuracy) => accuracy === null)).toBe(true)
  })

  it('tells how far it is', async () => {
    const { events } = await run(smallExperiment({ rounds: 2 }))
    const steps = events.flatMap((event) =>
      event.type === 'progress'
        ? [`${event.progress.round} ${event.progress.phase} ${event.progress.clientsDone}`]
        : [],
    )
    expect(steps).toEqual([
      ...['0 training 0', '0 training 1', '0 training 2', '0 training 3', '0 training 4', '0 evaluation 4'],
      '0 topology 4',
      ...['1 training 0', '1 training 1', '1 training 2', '1 training 3', '1 training 4', '1 evaluation 4'],
    ])
  })

  it('stops with the reason of the signal between clients', async () => {
    const experiment = smallExperiment()
    const controller = new AbortController()
    const seen: string[] = []
    const going = async () => {
      const pool = poolFor(experiment)
      for await (const event of runExperiment({
        experiment,
        classes,
        pool,
        checkpoint: null,
        signal: controller.signal,
      })) {
        seen.push(event.type)
        if (event.type === 'progress' && event.progress.round === 1 && event.progress.clientsDone === 2) {
          controller.abort(new Error('paused by the user'))
        }
      }
    }
    await expect(going()).rejects.toThrow('paused by the user')
    expect(seen.filter((type) => type === 'round')).toHaveLength(1)
  })

  it('refuses a checkpoint of another experiment', async () => {
    const { state } = await run(smallExperiment({ rounds: 1 }))
    await expect(run(smallExperiment({ method: 'small-dense' }), state)).rejects.toThrow(
      /checkpoint does not belong to this experiment: parameters has/,
    )
  })

  it('says so when training diverges', async () => {
    await expect(run(smallExperiment({ learningRate: 100, rounds: 3 }))).rejects.toThrow(
      /Training diverged in round \d.*Lower learningRate/,
    )
  })

  it('explores as many weights as random growth should', async () => {
    const experiment = smallExperiment({
      rounds: 12,
      sparsity: 0.9,
      readjustmentRatio: 0.5,
      rateDecayEnd: 12,
      samplesPerClient: 4,
      layerDistribution: 'uniform',
    })
    const { topology, state } = await run(experiment)
    const images = new Array<number>(4).fill(4)
    const { expectedExploredShare } = previewPlan(experiment, shape, classes, images, null)
    const expected = expectedExploredShare ?? 0
    const weights = state.fired.length
    expect(topology).toHaveLength(12)
    // Draws without replacement vary less than binomial ones: four binomial deviations are a safe bound.
    const deviation = Math.sqrt((expected * (1 - expected)) / weights)
    expect(Math.abs(countActive(state.fired) / weights - expected)).toBeLessThan(4 * deviation)
    expect(expected).toBeGreaterThan(0.3)
  })

  it('grows other weights by gradient than at random, and sends the gradient for it', async () => {
    const random = await run(smallExperiment({ rounds: 3 }))
    const byGradient = await run(smallExperiment({ rounds: 3, growthCriterion: 'gradient' }))
    expect(digest(byGradient.topology[1].mask)).not.toBe(digest(random.topology[1].mask))
    const upload = ({ rounds }: typeof random) => rounds.map(({ record }) => record.uploadBytes)
    const gradientBytes = 4 * 4 * random.state.mask.length
    expect(upload(byGradient)[0] - upload(random)[0]).toBe(gradientBytes)
    expect(upload(byGradient)[2]).toBe(upload(random)[2])
  })
})

describe('previewPlan', () => {
  it.each([
    ['dynamic', {}],
    ['dynamic', { growthCriterion: 'gradient', clientsPerRound: 2 }],
    ['dynamic', { partition: 'dirichlet', clientsPerRound: 3, readjustmentInterval: 2, rounds: 6 }],
    ['static', { clientsPerRound: 2 }],
    ['none', {}],
    ['small-dense', {}],
  ] as const)('foretells the bytes and FLOPs of a %s run exactly (%o)', async (method, input) => {
    const experiment = smallExperiment({ method, ...input })
    const images = partitionData(experiment, train.labels, test.labels).train.map((indices) => indices.length)
    const preview = previewPlan(experiment, shape, classes, images, 12)
    const { events, rounds, topology } = await run(experiment)
    const total = (pick: (record: (typeof rounds)[number]['record']) => number) =>
      rounds.reduce((sum, { record }) => sum + pick(record), 0)
    expect(preview.totalUploadBytes).toBe(total((record) => record.uploadBytes))
    expect(preview.totalDownloadBytes).toBe(total((record) => record.downloadBytes))
    expect(preview.totalTrainingFlops).toBe(total((record) => record.trainingFlops))
    expect(events[0]).toEqual({ type: 'started', summary: preview.summary })
    expect(preview.updateRounds).toEqual(topology.slice(1).map(({ record }) => record.round))
    expect(topology.slice(1).map(({ record }) => record.readjustmentRatio)).toEqual(
      preview.updateRounds.map((round) => preview.readjustmentRatios[round]),
    )
    // Chance alone can be foretold.
    expect(preview.expectedExploredShare === null).toBe(method !== 'dynamic' || 'growthCriterion' in input)
    expect(preview.estimatedSeconds).toBe(12)
  })

  it('sends the mask once while it does not change, and again after every update', async () => {
    const experiment = smallExperiment({ rounds: 6, readjustmentInterval: 3 })
    const { rounds, state } = await run(experiment)
    const mask = 4 * Math.ceil(state.mask.length / 8)
    const down = rounds.map(({ record }) => record.downloadBytes)
    const values = down[2]
    expect(down).toEqual([values + mask, values + mask, values, values, values + mask, values])
  })
})

describe('a method of one’s own', () => {
  it('needs no change of the round loop', async () => {
    const calls: string[] = []
    const recipe: MethodRecipe = {
      ...staticPruning,
      resparsify: ({ model }) => {
        calls.push('resparsify')
        return model
      },
      accounting: (cost) => ({ ...cost, uploadBits: cost.uploadBits + 8 }),
    }
    const experiment = smallExperiment({ method: 'static', rounds: 2 })
    const own = await run(experiment, null, recipe)
    const plain = await run(experiment)
    expect(calls).toEqual(['resparsify', 'resparsify'])
    expect(own.rounds[0].record.uploadBytes).toBe(plain.rounds[0].record.uploadBytes + 4)
    expect(digest(own.state.parameters)).toBe(digest(plain.state.parameters))
  })

  it('asks clients before round 0, and counts what that costs', async () => {
    const asked: number[] = []
    const recipe: MethodRecipe = {
      ...staticPruning,
      otherWork: {
        scores: ({ client, round, indices }) =>
          Promise.resolve({
            ...{ parameters: null, mask: null, steps: 0, lossSum: 0, state: {}, flops: 1000 },
            sent: { score: Float32Array.of(client, round, indices.length) },
            sentBits: 96,
          }),
      },
      initialMask: {
        targets: (plan) => ({ active: plan.prunable.map(() => 10), epsilon: null, warnings: [] }),
        async draw({ plan, initial, ask }) {
          const dense = { parameters: initial, mask: new Uint8Array(plan.prunableCount).fill(1) }
          const reports = await ask({ work: 'scores', clients: [1, 3], model: dense })
          asked.push(...reports.flatMap(({ sent }) => [...sent['score']]))
          // Counts that no target foretold.
          const active = plan.prunable.map((_, layer) => 5 + layer)
          const mask = new Uint8Array(plan.prunableCount)
          plan.prunable.forEach(({ maskOffset }, layer) => mask.fill(1, maskOffset, maskOffset + active[layer]))
          return { mask, active, state: { seen: Int32Array.of(2) } }
        },
      },
    }
    const experiment = smallExperiment({ method: 'static', rounds: 2 })
    const own = await run(experiment, null, recipe)
    expect(asked).toEqual([1, -1, 30, 3, -1, 30])
    expect(own.topology[0].record.layers.map(({ requestedActive, active }) => [requestedActive, active])).toEqual([
      [5, 5],
      [6, 6],
      [7, 7],
    ])
    for (const { holds } of own.topology[0].record.invariants) expect(holds).toBe(true)
    expect(own.state.serverState).toEqual({ seen: Int32Array.of(2) })
    const [first, second] = own.rounds.map(({ record }) => record)
    expect(first.uploadBytes - second.uploadBytes).toBe(2 * 12)
    expect(first.trainingFlops - second.trainingFlops).toBe(2000)
  })

  it('keeps arrays on the server and on clients, sends arrays down, and resumes with them', async () => {
    const recipe: MethodRecipe = {
      ...staticPruning,
      download: ({ round, state }) => ({
        arrays: { hint: Float32Array.of(round, (state['sum'] as Float64Array | undefined)?.[0] ?? 0) },
        bits: 64,
      }),
      localTraining: async (context) => {
        const turns = ((context.state['turns'] as Int32Array | undefined)?.[0] ?? 0) + 1
        const report = await plainTraining(context)
        const hint = arrayOf(context.download, 'hint', Float32Array)
        return {
          ...report,
          // Its own mask: one weight less, which then must travel.
          mask: context.model.mask.map((bit, at) => (at === context.model.mask.indexOf(1) ? 0 : bit)),
          sent: { echo: Float32Array.of(hint[0] + hint[1] + turns) },
          sentBits: 32,
          state: { turns: Int32Array.of(turns) },
        }
      },
      aggregate: (context) => ({
        ...maskedMean(context),
        mask: context.received.mask,
        state: { sum: Float64Array.of(meanOfSent(context.uploads, 'echo')[0]) },
      }),
      ownModel: ({ model, clientState }) => {
        expect(Object.keys(clientState).every((name) => name === 'turns')).toBe(true)
        return { ...model, parameters: model.parameters.map((value) => value * 0) }
      },
    }
    const experiment = smallExperiment({ method: 'static', clientsPerRound: 2, rounds: 5 })
    const whole = await run(experiment, null, recipe)
    expect([...whole.state.clientStates.values()].some((arrays) => arrays['turns'][0] > 1)).toBe(true)
    expect(whole.rounds[4].record.clientAccuracyModel).toBe('own')
    // A network of zeros always answers class 0.
    const owned = partitionData(experiment, train.labels, test.labels).test
    const expected = owned.map((own) => own.filter((image) => test.labels[image] === 0).length / own.length)
    expect(whole.rounds[4].record.clientAccuracies).toEqual(expected)
    expect(whole.rounds[4].record.globalAccuracy).toBeGreaterThan(0.4)
    for (const { state } of whole.rounds) {
      const rest = await run(experiment, state, recipe)
      expect(timeless(rest.rounds)).toEqual(timeless(whole.rounds.slice(state.nextRound)))
      expect(rest.state.serverState).toEqual(whole.state.serverState)
      expect(rest.state.clientStates).toEqual(whole.state.clientStates)
      expect(digest(rest.state.parameters)).toBe(digest(whole.state.parameters))
    }
    const plain = await run(experiment)
    const maskBytes = Math.ceil(whole.state.mask.length / 8)
    // Per client: an echo more and a weight less, both of 32 bits, and the mask.
    expect(whole.rounds[1].record.uploadBytes - plain.rounds[1].record.uploadBytes).toBe(2 * maskBytes)
    expect(whole.rounds[1].record.downloadBytes - plain.rounds[1].record.downloadBytes).toBe(2 * 8)
  })
})
