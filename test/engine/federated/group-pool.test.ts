import { expect, it } from 'vitest'
import type { ClientJob } from '../../../src-main/engine/federated/client-pool'
import { plainTraining } from '../../../src-main/engine/federated/client-work'
import { createGroupPool } from '../../../src-main/engine/federated/group-pool'
import type { MethodRecipe } from '../../../src-main/engine/methods/recipe'
import { methodRecipes } from '../../../src-main/engine/methods/registry'
import type { GroupTrainer } from '../../../src-main/engine/trainer/group-trainer'
import type { ClientTask } from '../../../src-main/engine/trainer/trainer'
import { experimentSchema } from '../../../src-main/contract/experiment'
import { everyImage, randomImages, randomModel } from '../../trainer/describe-trainer'
import { tinyPlan } from '../../trainer/tiny-plans'

const plan = tinyPlan([1, 2, 2], [{ kind: 'flatten' }, { kind: 'dense', outputs: 3 }])
const images = randomImages(plan, 40, 'group-pool')
const experiment = experimentSchema.parse({ method: 'none' })

/** Notes how many clients it is given at a time. */
function recordingTrainer(fail?: Error) {
  const groups: number[] = []
  const trainer: GroupTrainer = {
    plan,
    description: 'recording',
    trainClient: () => Promise.reject(new Error('the pool trains groups')),
    trainClients: (tasks: readonly ClientTask[]) => {
      groups.push(tasks.length)
      if (fail !== undefined) return Promise.reject(fail)
      return Promise.resolve(
        tasks.map(({ parameters, indices }) => ({
          parameters,
          velocity: parameters,
          steps: indices.length,
          lossSum: 0,
        })),
      )
    },
    evaluate: (_, __, indices) => Promise.resolve({ lossSum: indices.length, correct: new Uint8Array(indices.length) }),
    gradient: ({ parameters }) => Promise.resolve({ loss: 0, gradient: parameters }),
    liveTensors: () => Promise.resolve(0),
    dispose: () => {},
  }
  return { groups, trainer }
}

function jobs(sizes: readonly number[]): ClientJob[] {
  return sizes.map((size, client) => ({
    ...randomModel(plan, 1, `group-pool/${client}`),
    work: null,
    experiment,
    round: 0,
    client,
    indices: everyImage(40).slice(0, size),
    testIndices: new Uint32Array(0),
    download: {},
    state: {},
  }))
}

const { signal } = new AbortController()

it('trains clients in groups of about the same size and reports in the order of the jobs', async () => {
  const { groups, trainer } = recordingTrainer()
  const pool = createGroupPool(trainer, images, images, 2)
  const done: number[] = []
  const reports = await pool.trainClients(jobs([3, 9, 1, 8, 2]), (count) => done.push(count), signal)
  expect(groups).toEqual([2, 2, 1])
  expect(done).toEqual([1, 2, 3, 4, 5])
  expect(reports.map(({ steps }) => steps)).toEqual([3, 9, 1, 8, 2])
})

it('trains one after the other when it is told to', async () => {
  const { groups, trainer } = recordingTrainer()
  await createGroupPool(trainer, images, images, 1).trainClients(jobs([3, 9, 1]), () => {}, signal)
  expect(groups).toEqual([1, 1, 1])
})

it('gathers the clients of a method that trains in parts, whatever else some of them do in between', async () => {
  const { groups, trainer } = recordingTrainer()
  const recipe: MethodRecipe = {
    ...methodRecipes.none,
    localTraining: async (context) => {
      const first = await plainTraining(context)
      if (context.client === 1) return first
      if (context.client === 2) await context.trainer.evaluate(context.model, context.train, context.indices)
      return plainTraining(context)
    },
  }
  await createGroupPool(trainer, images, images, 8, recipe).trainClients(jobs([3, 9, 1, 4]), () => {}, signal)
  expect(groups).toEqual([4, 3])
})

it('ends with the first failure and starts nothing more', async () => {
  const { groups, trainer } = recordingTrainer(new Error('out of memory'))
  const pool = createGroupPool(trainer, images, images, 2)
  await expect(pool.trainClients(jobs([3, 9, 1, 4]), () => {}, signal)).rejects.toThrow('out of memory')
  expect(groups).toEqual([2])
  const stop = new AbortController()
  stop.abort(new Error('paused'))
  await expect(pool.trainClients(jobs([3]), () => {}, stop.signal)).rejects.toThrow('paused')
  await expect(pool.evaluateTestSet(randomModel(plan, 1, 'x'), stop.signal)).rejects.toThrow('paused')
})
