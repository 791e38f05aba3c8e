import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import type { ClientJob } from '../../src-main/engine/federated/client-pool'
import { createInProcessPool } from '../../src-main/engine/federated/in-process-pool'
import { buildPlan } from '../../src-main/engine/models/build-plan'
import { initialParameters } from '../../src-main/engine/models/initialise'
import { range } from '../../src-main/engine/random/draw'
import { applyMask, randomMask } from '../../src-main/engine/sparsity/masks'
import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { openKernels } from '../../src-main/host/kernel-source'
import { loadKernels } from '../../src-main/host/kernels'
import type { SilenceLimits } from '../../src-main/host/patience'
import { WorkerPool, type WorkerPoolOptions } from '../../src-main/host/worker-pool'
import { experimentWith } from '../engine/experiments'
import { buildApplication, type BuiltApplication } from './build-application'
import { noiseImages } from './noise-images'

const plan = buildPlan('lenet-300-100', [1, 5, 5], 10)
const images = { train: noiseImages(300, 'train'), test: noiseImages(2500, 'test') }
const never = new AbortController().signal
let application: BuiltApplication
const pools: WorkerPool[] = []

beforeAll(async () => {
  application = await buildApplication('training-worker')
})
afterEach(async () => {
  await Promise.all(pools.splice(0).map((pool) => pool.dispose()))
})
afterAll(() => application.remove())

async function newPool(
  workers: number,
  workerUrl = application.workerUrl,
  options: Pick<WorkerPoolOptions, 'silence'> = {},
): Promise<WorkerPool> {
  const pool = new WorkerPool({ kernels: await loadKernels(), workers, workerUrl, ...options })
  pools.push(pool)
  return pool
}

function model(seed: number) {
  const mask = randomMask(plan, [2000, 3000, 500], seed)
  return { mask, parameters: applyMask(plan, initialParameters(plan, seed), mask) }
}

function tasks(count: number, localEpochs = 1): ClientJob[] {
  const received = model(3)
  const experiment = experimentWith({
    method: 'dynamic',
    growthCriterion: 'gradient',
    readjustmentInterval: 2,
    localEpochs,
    batchSize: 16,
    learningRate: 0.05,
    seed: 5,
  })
  return Array.from({ length: count }, (_, client) => ({
    ...received,
    work: null,
    experiment,
    // Every other client sends a gradient.
    round: client % 2,
    client,
    // Unequal clients, so that more than one worker finishes out of order.
    indices: range(300).slice(0, 300 - 40 * client),
    testIndices: range(5),
    download: {},
    state: {},
  }))
}

function digest(value: unknown): string {
  const hash = createHash('sha256')
  const text = JSON.stringify(value, (_, part: unknown) =>
    part instanceof Float32Array || part instanceof Uint8Array
      ? createHash('sha256')
          .update(new Uint8Array(part.buffer, part.byteOffset, part.byteLength))
          .digest('hex')
      : part,
  )
  return hash.update(text).digest('hex')
}

describe('WorkerPool', () => {
  it('gives the bits of one thread with 1, 2 and 4 workers, in the order of the tasks', async () => {
    const kernels = await loadKernels()
    const alone = createInProcessPool(() => createSparseTrainer(plan, openKernels(kernels)), images.train, images.test)
    const expected = {
      trained: digest(await alone.trainClients(tasks(6), () => {}, never)),
      evaluated: digest(await alone.evaluateTestSet(model(4), never)),
    }
    for (const workers of [1, 2, 4]) {
      const pool = await (await newPool(workers)).open(plan, images)
      const done: number[] = []
      const trained = await pool.trainClients(tasks(6), (count) => done.push(count), never)
      expect(done).toEqual([1, 2, 3, 4, 5, 6])
      expect({ trained: digest(trained), evaluated: digest(await pool.evaluateTestSet(model(4), never)) }).toEqual(
        expected,
      )
      expect(pool.description).toBe(alone.description)
    }
  })

  it('serves another plan and the first one again without mixing them up', async () => {
    const pool = await newPool(2)
    const first = await pool.open(plan, images)
    const expected = digest(await first.trainClients(tasks(3), () => {}, never))
    const narrow = buildPlan('lenet-300-100', [1, 5, 5], 10, [20, 10])
    const second = await pool.open(narrow, images)
    const mask = new Uint8Array(narrow.prunableCount).fill(1)
    const evaluation = await second.evaluateTestSet({ mask, parameters: initialParameters(narrow, 1) }, never)
    expect(evaluation.correct).toHaveLength(2500)
    expect(digest(await first.trainClients(tasks(3), () => {}, never))).toBe(expected)
  })

  it('rejects with the reason at once when aborted in the middle of a client, and stays usable', async () => {
    const pool = await (await newPool(2)).open(plan, images)
    const expected = digest(await pool.trainClients(tasks(2), () => {}, never))
    const stop = new AbortController()
    const startedAt = performance.now()
    // Many minutes of training.
    const training = pool.trainClients(tasks(4, 10_000), () => {}, stop.signal)
    const reason = new Error('enough')
    setTimeout(() => {
      stop.abort(reason)
    }, 50)
    await expect(training).rejects.toBe(reason)
    expect(performance.now() - startedAt).toBeLessThan(5000)
    expect(digest(await pool.trainClients(tasks(2), () => {}, never))).toBe(expected)
  })

  it('starts nothing under a signal that is aborted already', async () => {
    const pool = await (await newPool(1)).open(plan, images)
    const reason = new Error('too late')
    await expect(pool.trainClients(tasks(1), () => {}, AbortSignal.abort(reason))).rejects.toBe(reason)
  })

  it('hands on what the trainer says of a wrong task, and stays usable', async () => {
    const pool = await (await newPool(2)).open(plan, images)
    const wrong = tasks(3).map((task, index) =>
      index === 1 ? { ...task, experiment: { ...task.experiment, batchSize: 0 } } : task,
    )
    await expect(pool.trainClients(wrong, () => {}, never)).rejects.toThrow(/batchSize: 0/)
    await expect(pool.trainClients(tasks(2), () => {}, never)).resolves.toHaveLength(2)
  })

  it('ends a thread that hangs and has another one give the same bits; says so when that one hangs too', async () => {
    const marker = join(application.folder, 'hung')
    const script = join(application.folder, 'hanging-worker.mjs')
    // Hangs at the client that the marker names: once, and then in every thread.
    await writeFile(
      script,
      `import { existsSync, readFileSync, rmSync } from 'node:fs'
       import { parentPort } from 'node:worker_threads'
       const marker = ${JSON.stringify(marker)}
       const on = parentPort.on.bind(parentPort)
       parentPort.on = (event, listener) => on(event, (given) => {
         const [client, times] = existsSync(marker) ? readFileSync(marker, 'utf8').split(' ') : []
         if (given.type === 'train' && given.client.client === Number(client)) {
           if (times === 'once') rmSync(marker)
           for (;;);
         }
         listener(given)
       })
       await import(${JSON.stringify(application.workerUrl.href)})`,
    )
    const said = vi.spyOn(console, 'error').mockImplementation(() => {})
    const expected = digest(await (await (await newPool(1)).open(plan, images)).trainClients(tasks(4), () => {}, never))
    const patience = { leastMilliseconds: 2000, factor: 0, leastAtFirstMilliseconds: 4000, slowestFlopsPerSecond: 1e9 }
    const hanging = (silence: SilenceLimits) => newPool(1, pathToFileURL(script), { silence })
    // At the very first client there is nothing to compare it with.
    for (const client of [0, 2]) {
      await writeFile(marker, `${client} once`)
      const once = await (await hanging(patience)).open(plan, images)
      expect(digest(await once.trainClients(tasks(4), () => {}, never))).toBe(expected)
      expect(existsSync(marker)).toBe(false)
      expect(said).toHaveBeenLastCalledWith(
        expect.stringMatching(new RegExp(`silent for \\d+ seconds at client ${client} of round 0`)),
      )
    }
    await writeFile(marker, '2 always')
    const pool = await (await hanging({ ...patience, leastMilliseconds: 1000 })).open(plan, images)
    await expect(pool.trainClients(tasks(4), () => {}, never)).rejects.toThrow(
      /^Two training threads in turn did not answer at client 2 of round 0, the last one for \d+ seconds/,
    )
    said.mockRestore()
  })

  it('says so when a thread dies', async () => {
    const script = join(application.folder, 'dying-worker.mjs')
    await writeFile(
      script,
      `import { parentPort } from 'node:worker_threads'
       parentPort.on('message', ({ type }) => {
         if (type === 'describe') parentPort.postMessage({ ok: true, value: 'dying' })
         if (type === 'train') process.exit(7)
       })`,
    )
    const pool = await (await newPool(2, pathToFileURL(script))).open(plan, images)
    await expect(pool.trainClients(tasks(3), () => {}, never)).rejects.toThrow(/ended unexpectedly with code 7/)
  })

  it('fails what is under way when it is closed', async () => {
    const workers = await newPool(2)
    const pool = await workers.open(plan, images)
    const training = pool.trainClients(tasks(4, 10_000), () => {}, never)
    const outcome = expect(training).rejects.toThrow(/closed|stopped/)
    await workers.dispose()
    await outcome
    await expect(pool.trainClients(tasks(1), () => {}, never)).rejects.toThrow(/closed/)
  })

  it('names the missing script when the application is not built', async () => {
    await expect(newPool(1, pathToFileURL('/nowhere/training-worker.js'))).rejects.toThrow(/nowhere.*is missing/)
  })
})
