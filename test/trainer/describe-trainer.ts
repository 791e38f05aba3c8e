import { describe, expect, it } from 'vitest'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { namedStream } from '../../src-main/engine/random/streams'
import type {
  ClientTask,
  DeferredTrainer,
  Evaluation,
  LabelledImages,
  MaskedModel,
  Trainer,
} from '../../src-main/engine/trainer/trainer'
import { referenceLogits, referenceLoss } from './reference-loss'
import { tinyPlan, type TinyLayer } from './tiny-plans'

const relu: TinyLayer = { kind: 'relu' }
const flatten: TinyLayer = { kind: 'flatten' }
const dense = (outputs: number): TinyLayer => ({ kind: 'dense', outputs })
const convolution = (
  channels: number,
  kernel: readonly [number, number],
  options: { stride?: number; padding?: number } = {},
): TinyLayer => ({ kind: 'convolution', channels, kernel, ...options })
const pooling = (window: number, stride: number): TinyLayer => ({ kind: 'max-pooling', window, stride })

/*
 * Where pooling ties, the loss has a kink and no gradient to compare with; so no convolution of few taps reads overlapping
 * windows and is pooled again, at the densities used below.
 */
const networks: Record<string, readonly [shape: readonly [number, number, number], layers: readonly TinyLayer[]]> = {
  'one dense layer': [
    [1, 3, 2],
    [flatten, dense(4)],
  ],
  'dense layers with ReLU': [
    [2, 2, 2],
    [flatten, dense(7), relu, dense(5), relu, dense(3)],
  ],
  'two 3×3 convolutions': [
    [2, 7, 8],
    [convolution(3, [3, 3]), relu, convolution(4, [3, 3]), relu, flatten, dense(3)],
  ],
  '5×5 convolutions and overlapping pooling 3/1': [
    [1, 14, 14],
    [convolution(2, [5, 5]), relu, pooling(3, 1), convolution(3, [5, 5]), relu, pooling(3, 1), flatten, dense(4)],
  ],
  'pooling 2/2 before ReLU': [
    [2, 10, 10],
    [convolution(3, [3, 3]), pooling(2, 2), relu, convolution(4, [3, 3]), pooling(2, 2), relu, flatten, dense(3)],
  ],
  'padding 1 and 2': [
    [1, 6, 5],
    [convolution(3, [3, 3], { padding: 1 }), relu, convolution(2, [5, 5], { padding: 2 }), relu, flatten, dense(3)],
  ],
  'padding beyond the kernel': [
    [1, 4, 4],
    [convolution(2, [2, 2], { padding: 3 }), relu, convolution(2, [1, 1], { padding: 1 }), relu, dense(3)],
  ],
  'stride 2': [
    [2, 9, 9],
    [convolution(3, [3, 3], { stride: 2 }), relu, convolution(4, [2, 2], { stride: 2, padding: 1 }), relu, dense(3)],
  ],
  'stride 3 that leaves rows unused': [
    [1, 12, 13],
    [convolution(2, [3, 3]), relu, convolution(3, [3, 3], { stride: 3 }), relu, dense(3)],
  ],
  'stride above the kernel': [
    [1, 9, 10],
    [convolution(2, [2, 2]), relu, convolution(3, [2, 1], { stride: 3 }), relu, dense(3)],
  ],
  'kernels that are not square': [
    [1, 8, 9],
    [convolution(3, [1, 4]), relu, convolution(3, [3, 2], { padding: 1 }), relu, flatten, dense(3)],
  ],
  'pooling 3/2, 2/1 and 4/3 with rows left over': [
    [1, 22, 20],
    [convolution(2, [3, 3]), relu, pooling(3, 2), pooling(2, 1), pooling(4, 3), dense(3)],
  ],
  'pooling with a stride above its window': [
    [1, 9, 9],
    [convolution(2, [2, 2]), relu, pooling(2, 3), flatten, dense(3)],
  ],
  'pooling before the first parameters': [
    [2, 8, 8],
    [pooling(2, 2), convolution(3, [2, 2]), relu, flatten, dense(3)],
  ],
  'ReLU on the input and on the logits': [
    [1, 4, 4],
    [relu, convolution(2, [2, 2]), flatten, dense(4), relu],
  ],
  'softmax before the loss': [
    [1, 6, 6],
    [convolution(3, [3, 3]), relu, flatten, dense(5), { kind: 'softmax' }],
  ],
  'convolution down to the logits': [
    [1, 5, 5],
    [convolution(3, [3, 3]), relu, convolution(4, [3, 3]), flatten],
  ],
}

/** Random bytes as images. */
export function randomImages(plan: ModelPlan, count: number, label: string): LabelledImages {
  const stream = namedStream(7, label)
  const size = plan.inputShape.reduce((product, length) => product * length, 1)
  return {
    pixels: Uint8Array.from({ length: count * size }, () => stream.integer(256)),
    labels: Uint8Array.from({ length: count }, () => stream.integer(plan.classes)),
    count,
    shape: plan.inputShape,
    mean: [0.45, 0.5, 0.55].slice(0, plan.inputShape[0]),
    deviation: [0.25, 0.3, 0.2].slice(0, plan.inputShape[0]),
  }
}

/** Random parameters under a mask that keeps each weight with the given probability. */
export function randomModel(plan: ModelPlan, density: number, label: string): MaskedModel {
  const stream = namedStream(11, label)
  const parameters = Float32Array.from({ length: plan.parameterCount }, () => stream.uniform() - 0.5)
  const mask = Uint8Array.from({ length: plan.prunableCount }, () => (stream.uniform() < density ? 1 : 0))
  maskParameters(plan, parameters, mask)
  return { parameters, mask }
}

function maskParameters(plan: ModelPlan, parameters: Float32Array, mask: Uint8Array): void {
  for (const layer of plan.prunable) {
    for (let weight = 0; weight < layer.weightCount; weight++) {
      if (mask[layer.maskOffset + weight] === 0) parameters[layer.weightOffset + weight] = 0
    }
  }
}

const plainTask = { momentum: 0, weightDecay: 0, proximalCoefficient: 0, seed: 5, batchOrderLabel: 'batches' }
export const everyImage = (count: number) => Uint32Array.from({ length: count }, (_, index) => index)

/** Central differences of the mean loss, for every parameter. */
function numericalGradient(plan: ModelPlan, parameters: Float32Array, images: LabelledImages): Float64Array {
  const point = Float64Array.from(parameters)
  const step = 1e-6
  const meanLoss = () =>
    everyImage(images.count).reduce((sum, image) => sum + referenceLoss(plan, point, images, image), 0) / images.count
  return Float64Array.from(point, (value, index) => {
    point[index] = value + step
    const above = meanLoss()
    point[index] = value - step
    const below = meanLoss()
    point[index] = value
    return (above - below) / (2 * step)
  })
}

export interface TrainerPromises {
  /** Largest error of a gradient, relative to the largest gradient of the network. */
  readonly gradientTolerance: number
  /** Whether the same task gives the same bits. */
  readonly exact: boolean
}

/** What every kind of trainer must do, checked against definitions in double precision. */
export function describeTrainer(
  name: string,
  makeTrainer: (plan: ModelPlan) => Trainer | DeferredTrainer,
  { gradientTolerance, exact }: TrainerPromises,
): void {
  describe(name, () => {
    describe.each(Object.entries(networks))('%s', (label, [shape, layers]) => {
      const plan = tinyPlan(shape, layers)
      it.each([1, 0.4])('has the loss, hits and gradients of the definitions at density %d', async (density) => {
        const trainer = makeTrainer(plan)
        const images = randomImages(plan, 5, label)
        const model = randomModel(plan, density, label)
        const indices = everyImage(images.count)
        const expected = numericalGradient(plan, model.parameters, images)
        const scale = expected.reduce((largest, value) => Math.max(largest, Math.abs(value)), 0)
        expect(scale).toBeGreaterThan(1e-3)

        const evaluation = await trainer.evaluate(model, images, indices)
        const losses = Array.from(indices, (image) => referenceLoss(plan, model.parameters, images, image))
        const loss = losses.reduce((sum, value) => sum + value, 0)
        expect(Math.abs(evaluation.lossSum - loss)).toBeLessThan(1e-5 * (1 + loss))
        const hits = Array.from(indices, (image) => {
          const logits = referenceLogits(plan, model.parameters, images, image)
          return logits.indexOf(Math.max(...logits)) === images.labels[image] ? 1 : 0
        })
        expect(Array.from(evaluation.correct)).toEqual(hits)

        const result = await trainer.trainClient({
          ...plainTask,
          ...model,
          images,
          indices,
          localEpochs: 1,
          batchSize: 5,
          learningRate: 1,
        })
        expect(result.steps).toBe(1)
        expect(Math.abs(result.lossSum - loss / 5)).toBeLessThan(1e-5 * (1 + loss))
        const { loss: meanLoss, gradient } = await trainer.gradient(model, images, indices)
        expect(Math.abs(meanLoss - loss / 5)).toBeLessThan(1e-5 * (1 + loss))
        expect(gradient).toHaveLength(plan.parameterCount)
        let worst = 0
        for (const layer of plan.prunable) {
          for (let weight = 0; weight < layer.weightCount; weight++) {
            const at = layer.weightOffset + weight
            worst = Math.max(worst, Math.abs(gradient[at] - expected[at]))
            const step = model.parameters[at] - result.parameters[at]
            if (model.mask[layer.maskOffset + weight] === 1) worst = Math.max(worst, Math.abs(step - expected[at]))
            else expect(result.parameters[at]).toBe(0)
          }
          for (let bias = layer.biasOffset; bias < layer.biasOffset + layer.biasCount; bias++) {
            const step = model.parameters[bias] - result.parameters[bias]
            worst = Math.max(worst, Math.abs(step - expected[bias]), Math.abs(gradient[bias] - expected[bias]))
          }
        }
        expect(worst / scale).toBeLessThan(gradientTolerance)
        trainer.dispose()
      })
    })

    // The sparse trainer computes nearly dense layers in another way.
    describe.each(exact ? [0.5, 0.9] : [0.5])('training at density %d', (density) => {
      const plan = tinyPlan(
        [1, 8, 8],
        [convolution(4, [3, 3]), relu, pooling(3, 1), convolution(5, [3, 3]), relu, flatten, dense(6), relu, dense(3)],
      )
      const images = randomImages(plan, 40, 'training')
      const model = randomModel(plan, density, 'training')
      const task: ClientTask = {
        ...plainTask,
        ...model,
        images,
        indices: everyImage(37),
        localEpochs: 2,
        batchSize: 8,
        learningRate: 0.05,
        momentum: 0.9,
        weightDecay: 0.01,
        proximalCoefficient: 0.1,
      }

      it('follows SGD with momentum, decay and proximal term, written out in double precision', async () => {
        const trainer = makeTrainer(plan)
        const small = { ...task, indices: everyImage(8), localEpochs: 3 }
        const result = await trainer.trainClient(small)
        const received = Float64Array.from(model.parameters)
        const weights = received.slice()
        const velocities = new Float64Array(weights.length)
        const active = new Uint8Array(weights.length).fill(1)
        for (const layer of plan.prunable) {
          active.set(model.mask.subarray(layer.maskOffset, layer.maskOffset + layer.weightCount), layer.weightOffset)
        }
        const eight = { ...images, count: 8 }
        for (let step = 0; step < 3; step++) {
          const gradient = numericalGradient(plan, Float32Array.from(weights), eight)
          for (let index = 0; index < weights.length; index++) {
            if (active[index] === 0) continue
            const total = gradient[index] + 0.01 * weights[index] + 0.1 * (weights[index] - received[index])
            velocities[index] = 0.9 * velocities[index] + total
            weights[index] -= 0.05 * velocities[index]
          }
        }
        const worst = weights.reduce(
          (most, value, index) => Math.max(most, Math.abs(value - result.parameters[index])),
          0,
        )
        expect(worst).toBeLessThan(1e-4)
        const moved = weights.reduce((most, value, index) => Math.max(most, Math.abs(value - received[index])), 0)
        expect(moved).toBeGreaterThan(1e-2)
        trainer.dispose()
      })

      it('counts steps with a smaller last batch and lowers the loss', async () => {
        const trainer = makeTrainer(plan)
        const first = await trainer.trainClient({ ...task, localEpochs: 1 })
        expect(first.steps).toBe(5)
        const longer = await trainer.trainClient({
          ...task,
          weightDecay: 0,
          proximalCoefficient: 0,
          learningRate: 0.01,
          localEpochs: 40,
        })
        expect(longer.steps).toBe(200)
        const before = await trainer.evaluate(model, images, task.indices)
        const after = await trainer.evaluate({ ...model, parameters: longer.parameters }, images, task.indices)
        expect(after.lossSum).toBeLessThan(before.lossSum / 2)
        trainer.dispose()
      })

      it('visits the images in the order of the named stream', async () => {
        const trainer = makeTrainer(plan)
        const train = async (change: Partial<ClientTask>) =>
          Array.from((await trainer.trainClient({ ...task, ...change })).parameters)
        const usual = await train({})
        expect(await train({ seed: 6 })).not.toEqual(usual)
        expect(await train({ batchOrderLabel: 'other' })).not.toEqual(usual)
        trainer.dispose()
      })

      it('takes any part of its steps, with the momentum and anchor of the part before', async () => {
        const trainer = makeTrainer(plan)
        const whole = await trainer.trainClient(task)
        // Ten steps: within the first epoch, across its end with a smaller batch, and the rest.
        const parts = [
          { first: 0, count: 3 },
          { first: 3, count: 4 },
          { first: 7, count: 3 },
        ]
        let at: Pick<ClientTask, 'parameters' | 'velocity'> = { parameters: model.parameters }
        let lossSum = 0
        for (const stepRange of parts) {
          const part = await trainer.trainClient({ ...task, ...at, anchor: model.parameters, stepRange })
          expect(part.steps).toBe(stepRange.count)
          at = part
          lossSum += part.lossSum
        }
        const worst = whole.parameters.reduce(
          (most, value, index) => Math.max(most, Math.abs(value - at.parameters[index])),
          0,
        )
        expect(worst).toBeLessThan(exact ? Number.MIN_VALUE : 1e-5)
        expect(Math.abs(lossSum - whole.lossSum)).toBeLessThan(1e-6)
        const restarted = await trainer.trainClient({
          ...task,
          parameters: at.parameters,
          stepRange: { first: 9, count: 1 },
        })
        const carried = await trainer.trainClient({ ...task, ...at, stepRange: { first: 9, count: 1 } })
        expect(carried.parameters).not.toEqual(restarted.parameters)
        trainer.dispose()
      })

      it('lets masked weights have no momentum, whatever is given', async () => {
        const trainer = makeTrainer(plan)
        const velocity = new Float32Array(plan.parameterCount).fill(1)
        const result = await trainer.trainClient({ ...task, velocity })
        for (const layer of plan.prunable) {
          for (let weight = 0; weight < layer.weightCount; weight++) {
            if (model.mask[layer.maskOffset + weight] === 1) continue
            expect(Math.abs(result.velocity[layer.weightOffset + weight])).toBe(0)
            expect(Math.abs(result.parameters[layer.weightOffset + weight])).toBe(0)
          }
        }
        expect(result.velocity.some((value) => value !== 0)).toBe(true)
        trainer.dispose()
      })

      it('keeps inactive weights at exactly 0 even when they arrive as something else', async () => {
        const trainer = makeTrainer(plan)
        const { parameters } = await trainer.trainClient({
          ...task,
          parameters: Float32Array.from(model.parameters, (value) => value + 1),
        })
        for (const layer of plan.prunable) {
          for (let weight = 0; weight < layer.weightCount; weight++) {
            if (model.mask[layer.maskOffset + weight] === 0) expect(parameters[layer.weightOffset + weight]).toBe(0)
          }
        }
        trainer.dispose()
      })

      if (exact) {
        it('gives the same bits again, after other work, and in a fresh instance', async () => {
          const trainer = makeTrainer(plan)
          const first = await trainer.trainClient(task)
          const other = randomModel(plan, 0.9, 'other')
          await trainer.trainClient({ ...task, ...other, batchSize: 40 })
          await trainer.gradient(other, images, task.indices)
          await trainer.evaluate(other, images, task.indices)
          expect(await trainer.trainClient(task)).toEqual(first)
          const fresh = makeTrainer(plan)
          expect(await fresh.trainClient(task)).toEqual(first)
          trainer.dispose()
          fresh.dispose()
        })

        it('gives each image the same loss and gradient whatever batch it lies in', async () => {
          const trainer = makeTrainer(plan)
          const five = Uint32Array.of(3, 1, 4, 15, 9)
          const small = await trainer.trainClient({ ...task, indices: five, batchSize: 5 })
          // A batch size of 1000 makes room for 1000 images; the 995 that are missing must not count.
          const large = await trainer.trainClient({ ...task, indices: five, batchSize: 1000 })
          expect(large).toEqual(small)
          const all = await trainer.evaluate(model, images, everyImage(40))
          const single: Evaluation[] = []
          for (const image of everyImage(40)) {
            single.push(await trainer.evaluate(model, images, Uint32Array.of(image)))
          }
          expect(single.flatMap(({ correct }) => Array.from(correct))).toEqual(Array.from(all.correct))
          expect(single.reduce((sum, { lossSum }) => sum + lossSum, 0)).toBe(all.lossSum)
          trainer.dispose()
        })
      }
    })
  })
}
