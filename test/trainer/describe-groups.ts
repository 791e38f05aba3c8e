import { describe, expect, it } from 'vitest'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import type { GroupTrainer } from '../../src-main/engine/trainer/group-trainer'
import { bytesPerClient, largestTensorBytes } from '../../src-main/engine/trainer/tfjs/memory'
import type { TfjsTrainerOptions } from '../../src-main/engine/trainer/tfjs/tfjs-trainer'
import type { ClientTask } from '../../src-main/engine/trainer/trainer'
import { everyImage, randomImages, randomModel } from './describe-trainer'
import { tinyPlan } from './tiny-plans'

/**
 * What training several clients together must give: what each gives alone, with a tolerance for another order of sums.
 *
 * @param tolerance largest difference of a weight
 */
export function describeGroups(
  name: string,
  makeTrainer: (plan: ModelPlan, options: TfjsTrainerOptions) => GroupTrainer,
  tolerance: number,
): void {
  describe(`${name}, several clients at once`, () => {
    const plan = tinyPlan(
      [2, 9, 8],
      [
        { kind: 'convolution', channels: 3, kernel: [3, 2], padding: 1 },
        { kind: 'relu' },
        { kind: 'max-pooling', window: 3, stride: 1 },
        { kind: 'convolution', channels: 4, kernel: [3, 3] },
        { kind: 'relu' },
        { kind: 'convolution', channels: 4, kernel: [2, 2], stride: 2 },
        { kind: 'relu' },
        { kind: 'flatten' },
        { kind: 'dense', outputs: 6 },
        { kind: 'relu' },
        { kind: 'dense', outputs: 3 },
      ],
    )
    const images = randomImages(plan, 60, 'groups')
    // One image, a full batch, uneven batches and different numbers of steps.
    const shares = [everyImage(60).slice(0, 1), everyImage(60).slice(1, 9), everyImage(60).slice(9, 60)]
    const tasks = shares.map((indices, client): ClientTask => ({
      ...randomModel(plan, 0.6, `groups/${client}`),
      images,
      indices,
      localEpochs: 2,
      batchSize: 8,
      learningRate: 0.05,
      momentum: 0.9,
      weightDecay: 0.01,
      proximalCoefficient: 0.1,
      seed: 5,
      batchOrderLabel: `batches/${client}`,
    }))
    const options = { description: 'group', clientsAtOnce: 3, memoryBytes: null, mostTensorBytes: null }

    it('gives every client what it gives alone, in the order of the tasks, and leaves no tensor behind', async () => {
      const alone = makeTrainer(plan, { ...options, clientsAtOnce: 1 })
      const grouped = makeTrainer(plan, options)
      const before = await grouped.liveTensors()
      const done: number[] = []
      const together = await grouped.trainClients(tasks, (count) => done.push(count))
      expect(done).toEqual([3])
      expect(await grouped.liveTensors()).toBe(before)
      for (const [client, result] of together.entries()) {
        const own = await alone.trainClient(tasks[client])
        expect(result.steps).toBe(own.steps)
        expect(result.steps).toBe([2, 2, 14][client])
        expect(Math.abs(result.lossSum - own.lossSum)).toBeLessThan(1e-4 * own.lossSum)
        const worst = own.parameters.reduce(
          (most, value, index) => Math.max(most, Math.abs(value - result.parameters[index])),
          0,
        )
        expect(worst).toBeLessThan(tolerance)
        expect(own.parameters).not.toEqual(tasks[client].parameters)
      }
      await grouped.evaluate(tasks[0], images, everyImage(60))
      await grouped.gradient(tasks[0], images, everyImage(60))
      expect(await grouped.liveTensors()).toBe(before)
    })

    it('leaves no tensor behind when it is stopped', async () => {
      const trainer = makeTrainer(plan, { ...options, clientsAtOnce: 2 })
      const before = await trainer.liveTensors()
      const stop = new AbortController()
      const training = trainer.trainClients(
        tasks,
        () => {
          stop.abort(new Error('stopped'))
        },
        stop.signal,
      )
      await expect(training).rejects.toThrow('stopped')
      expect(await trainer.liveTensors()).toBe(before)
    })

    it('trains fewer at once where the memory of the device is small, and says when one does not fit', async () => {
      const done: number[] = []
      const small = makeTrainer(plan, { ...options, memoryBytes: 2 * bytesPerClient(plan, 8) })
      await small.trainClients(tasks, (count) => done.push(count))
      expect(done).toEqual([2, 3])
      const narrow = makeTrainer(plan, { ...options, mostTensorBytes: largestTensorBytes(plan, 8) })
      await narrow.trainClients(tasks, (count) => done.push(count))
      expect(done).toEqual([2, 3, 1, 2, 3])
      const narrower = makeTrainer(plan, { ...options, mostTensorBytes: 1000 })
      await expect(narrower.trainClients(tasks)).rejects.toThrow(
        /has a tensor of 1 MiB and the device has 1 MiB for the largest/,
      )
      const tiny = makeTrainer(plan, { ...options, memoryBytes: 1000 })
      await expect(tiny.trainClients(tasks)).rejects.toThrow(/device: one client of tiny with batches of 8 needs 1 MiB/)
    })
  })
}
