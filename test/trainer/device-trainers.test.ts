import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import type { Device } from '../../src-main/contract/devices'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import type { GroupTrainer } from '../../src-main/engine/trainer/group-trainer'
import { createSparseTrainer } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import type { ClientTask, LabelledImages, MaskedModel } from '../../src-main/engine/trainer/trainer'
import { forkDevices } from '../../src-main/host/devices/fork-devices'
import { RemoteDevice } from '../../src-main/host/devices/remote-trainer'
import { buildApplication, type BuiltApplication } from '../host/build-application'
import { describeTrainer, everyImage, randomImages, randomModel } from './describe-trainer'
import { softwareCard, softwareVulkan, tensorflowFolder, tensorflowHere } from './devices-here'
import { wasmKernels } from './sparse-kernels'
import { tinyPlan } from './tiny-plans'

/*
 * Devices as a run uses them, each in a process of its own. Where one is missing, its tests are skipped and the reason is
 * printed.
 */

let application: BuiltApplication | null = null
const devices = new Map<Device, Promise<RemoteDevice>>()
beforeAll(async () => {
  application = await buildApplication('device-process')
  // What Node 23 took away; TensorFlow.js must work without.
  vi.stubEnv('NODE_OPTIONS', `--require=${join(import.meta.dirname, 'without-old-util.cjs')}`)
  for (const [name, value] of Object.entries(softwareVulkan === null ? {} : softwareCard(softwareVulkan))) {
    vi.stubEnv(name, value)
  }
})
afterAll(async () => {
  vi.unstubAllEnvs()
  for (const device of devices.values()) (await device).close()
  await application?.remove()
})

function deviceOf(name: Device): Promise<RemoteDevice> {
  const script = join(application?.folder ?? '', 'out/main/device-process.js')
  const known = devices.get(name)
  const device = known ?? forkDevices(tensorflowFolder, script)(name).then((port) => new RemoteDevice(name, port))
  devices.set(name, device)
  return device
}

/** Opens the images of each call on the device; a run opens its two sets once. */
class OpeningTrainer implements GroupTrainer {
  readonly description: string
  #last: { readonly images: LabelledImages; readonly trainer: Promise<GroupTrainer> } | null = null

  constructor(
    private readonly device: Device,
    readonly plan: ModelPlan,
  ) {
    this.description = `tfjs/${device}`
  }

  async trainClient(task: ClientTask) {
    return (await this.#on(task.images)).trainClient(task)
  }

  async trainClients(tasks: readonly ClientTask[], onClientDone?: (done: number) => void, signal?: AbortSignal) {
    return (await this.#on(tasks[0].images)).trainClients(tasks, onClientDone, signal)
  }

  async evaluate(model: MaskedModel, images: LabelledImages, indices: Uint32Array) {
    return (await this.#on(images)).evaluate(model, images, indices)
  }

  async gradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array) {
    return (await this.#on(images)).gradient(model, images, indices)
  }

  async liveTensors() {
    return (await this.#last?.trainer)?.liveTensors() ?? 0
  }

  dispose(): void {
    this.#last = null
  }

  #on(images: LabelledImages): Promise<GroupTrainer> {
    if (this.#last?.images !== images) {
      const setting = { plan: this.plan, images: { train: images, test: images }, batchSize: 1, clientsAtOnce: 8 }
      this.#last = { images, trainer: deviceOf(this.device).then((device) => device.open(setting)) }
    }
    return this.#last.trainer
  }
}

/** Rounds of a few clients, compared with the sparse trainer. */
function describeRounds(device: Device, tolerance: number): void {
  const plan = tinyPlan(
    [2, 7, 6],
    [
      { kind: 'convolution', channels: 3, kernel: [3, 2], padding: 1 },
      { kind: 'relu' },
      { kind: 'max-pooling', window: 2, stride: 2 },
      { kind: 'flatten' },
      { kind: 'dense', outputs: 4 },
    ],
  )
  const images = randomImages(plan, 40, 'devices')
  const tasks = [everyImage(40).slice(0, 5), everyImage(40).slice(5, 40)].map((indices, client): ClientTask => ({
    ...randomModel(plan, 0.6, `devices/${client}`),
    images,
    indices,
    localEpochs: 1,
    batchSize: 8,
    learningRate: 0.05,
    momentum: 0.9,
    weightDecay: 0.01,
    proximalCoefficient: 0.1,
    seed: 5,
    batchOrderLabel: `batches/${client}`,
  }))
  const worst = (one: Float32Array, other: Float32Array) =>
    one.reduce((most, value, index) => Math.max(most, Math.abs(value - other[index])), 0)

  describe(`a round on ${device}`, () => {
    it('trains, evaluates and differentiates as the sparse trainer does, and leaves no tensor behind', async () => {
      const sparse = createSparseTrainer(plan, wasmKernels)
      const trainer = new OpeningTrainer(device, plan)
      await trainer.evaluate(tasks[0], images, everyImage(8))
      const before = await trainer.liveTensors()
      for (let round = 0; round < 2; round++) {
        const together = await trainer.trainClients(tasks)
        for (const [client, result] of together.entries()) {
          const expected = sparse.trainClient(tasks[client])
          expect(result.steps).toBe(expected.steps)
          expect(worst(result.parameters, expected.parameters)).toBeLessThan(tolerance)
          expect(worst(result.velocity, expected.velocity)).toBeLessThan(20 * tolerance)
        }
        const gradient = await trainer.gradient(tasks[0], images, everyImage(40))
        const expected = sparse.gradient(tasks[0], images, everyImage(40))
        expect(worst(gradient.gradient, expected.gradient)).toBeLessThan(tolerance)
        const evaluation = await trainer.evaluate(tasks[0], images, everyImage(40))
        expect(evaluation.correct).toEqual(sparse.evaluate(tasks[0], images, everyImage(40)).correct)
        expect(await trainer.liveTensors()).toBe(before)
      }
    })
  })
}

describe.skipIf(!tensorflowHere)('TensorFlow', () => {
  describeTrainer('tfjs/tensorflow-cpu', (plan) => new OpeningTrainer('tensorflow-cpu', plan), {
    gradientTolerance: 2e-5,
    exact: false,
  })
  describeRounds('tensorflow-cpu', 1e-5)
})

describe.skipIf(softwareVulkan === null)('WebGPU without a card', () => {
  describeRounds('webgpu', 1e-4)

  it('is found as what it is', async () => {
    const found = await (await deviceOf('webgpu')).describe()
    expect(found).toMatchObject({ isEmulated: true, freeBytes: null })
    expect(found.hardware).toMatch(/SwiftShader/)
  })
})
