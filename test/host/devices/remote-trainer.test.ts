import { MessageChannel, type MessagePort } from 'node:worker_threads'
import { afterAll, beforeAll, expect, it } from 'vitest'
import { neverLost, type Backend } from '../../../src-main/host/devices/backend'
import { DeviceMissing } from '../../../src-main/host/devices/device-errors'
import type { DevicePort, DeviceRequest } from '../../../src-main/host/devices/device-protocol'
import { serveDevice } from '../../../src-main/host/devices/device-server'
import { forkDevices } from '../../../src-main/host/devices/fork-devices'
import { openNodeBackend } from '../../../src-main/host/devices/node-backends'
import { RemoteDevice } from '../../../src-main/host/devices/remote-trainer'
import { ShellDevices, type DeviceWish } from '../../../src-main/host/devices/shell-devices'
import type { ClientTask } from '../../../src-main/engine/trainer/trainer'
import { everyImage, randomImages, randomModel } from '../../trainer/describe-trainer'
import { tinyPlan } from '../../trainer/tiny-plans'
import { buildApplication, type BuiltApplication } from '../build-application'

const plan = tinyPlan(
  [1, 6, 6],
  [
    { kind: 'convolution', channels: 2, kernel: [3, 3] },
    { kind: 'relu' },
    { kind: 'flatten' },
    { kind: 'dense', outputs: 3 },
  ],
)
const train = randomImages(plan, 40, 'remote/train')
const test = randomImages(plan, 10, 'remote/test')
const setting = { plan, images: { train, test }, batchSize: 4, clientsAtOnce: 8 }
const task: ClientTask = {
  ...randomModel(plan, 0.5, 'remote'),
  images: train,
  indices: everyImage(40),
  localEpochs: 1,
  batchSize: 4,
  learningRate: 0.05,
  momentum: 0.9,
  weightDecay: 0,
  proximalCoefficient: 0,
  seed: 1,
  batchOrderLabel: 'remote',
}

/** A device that this process drives, at the other end of a real port, which copies what it carries. */
function overPort(openBackend: () => Promise<Backend>) {
  const served: MessagePort[] = []
  const wishes: DeviceWish[] = []
  const devices = new ShellDevices((wish: DeviceWish) => {
    wishes.push(wish)
    if (wish.type === 'device-released') return
    const { id, device } = wish
    const { port1, port2 } = new MessageChannel()
    served.push(port2)
    serveDevice(
      device,
      {
        post: (message) => {
          port2.postMessage(message)
        },
        onMessage: (listener) => {
          port2.on('message', (message) => {
            listener(message as DeviceRequest)
          })
        },
      },
      openBackend,
    )
    devices.take({ type: 'device-offered', id, missing: null }, [port1])
  })
  return { devices, served, wishes }
}

let application: BuiltApplication | null = null
beforeAll(async () => {
  application = await buildApplication('device-process')
})
afterAll(async () => {
  await application?.remove()
})

function fork(): Promise<DevicePort> {
  return forkDevices('/nowhere', `${application?.folder ?? ''}/out/main/device-process.js`)('tfjs-cpu')
}

it('gives the same answers over a port as in a process of its own, and leaves no tensor behind', async () => {
  const { devices } = overPort(() => openNodeBackend('tfjs-cpu', '/nowhere'))
  const answers = []
  for (const port of [await devices.connect('tfjs-cpu'), await fork()]) {
    const device = new RemoteDevice('tfjs-cpu', port)
    expect(await device.describe()).toMatchObject({ trainer: 'tfjs/cpu 4.22.0', isEmulated: false })
    const trainer = await device.open(setting)
    const before = await trainer.liveTensors()
    const done: number[] = []
    const trained = await trainer.trainClients([task, { ...task, seed: 2 }], (count) => done.push(count))
    expect(done).toEqual([2])
    const evaluation = await trainer.evaluate(task, test, everyImage(10))
    const gradient = await trainer.gradient(task, train, everyImage(40))
    expect(await trainer.liveTensors()).toBe(before)
    answers.push([trained, evaluation, gradient])
    device.close()
  }
  expect(answers[1]).toEqual(answers[0])
})

it('stops at once when asked to and does the next work afterwards', async () => {
  const device = new RemoteDevice('tfjs-cpu', await fork())
  const trainer = await device.open(setting)
  const stop = new AbortController()
  const training = trainer.trainClients([{ ...task, localEpochs: 10_000 }], () => {}, stop.signal)
  stop.abort(new Error('paused'))
  await expect(training).rejects.toThrow('paused')
  expect((await trainer.trainClient(task)).steps).toBe(10)
  device.close()
  await expect(trainer.trainClient(task)).rejects.toThrow('The device tfjs-cpu was lost: it was closed')
})

it('says in words when the process that drives a device ends, and what to do', async () => {
  const device = new RemoteDevice('webgpu', await forkDevices('/nowhere', '/nowhere/device-process.js')('webgpu'))
  await expect(device.describe()).rejects.toThrow(
    /The device webgpu was lost: its process ended with exit code 1.*resume the run, there or on another device/,
  )
})

it('passes on that a device has gone, is out of memory, or is not there', async () => {
  let lose: (reason: string) => void = () => {}
  const lost = new Promise<string>((resolve) => {
    lose = resolve
  })
  const plain = await openNodeBackend('tfjs-cpu', '/nowhere')
  const { devices, wishes } = overPort(() => Promise.resolve({ ...plain, lost }))
  const gone = new RemoteDevice('webgpu', await devices.connect('webgpu'))
  await gone.describe()
  lose('its driver was reset')
  await new Promise((resolve) => setTimeout(resolve, 20))
  await expect(gone.open(setting)).rejects.toThrow('The device webgpu was lost: its driver was reset')

  const full = overPort(() =>
    Promise.resolve({
      ...plain,
      lost: neverLost,
      describe: () => Promise.reject(new Error('OOM when allocating tensor with shape[8,32]\n at node …')),
    }),
  )
  const small = new RemoteDevice('cuda:1', await full.devices.connect('cuda:1'))
  await expect(small.open(setting)).rejects.toThrow(
    /The device cuda:1 is out of memory\. Train fewer clients at once .*--device cpu.*OOM when allocating/,
  )

  const why = { reason: 'no-card', problem: 'WebGPU finds no card', remedy: 'Install its driver' } as const
  const none = overPort(() => Promise.reject(new DeviceMissing('webgpu', why)))
  const missing = new RemoteDevice('webgpu', await none.devices.connect('webgpu'))
  await expect(missing.describe()).rejects.toMatchObject({ why })
  for (const port of [...full.served, ...none.served]) port.close()
  gone.close()
  expect(wishes).toEqual([
    { type: 'device-wanted', id: 1, device: 'webgpu' },
    { type: 'device-released', id: 1 },
  ])

  const ended = new RemoteDevice('webgpu', await devices.connect('webgpu'))
  devices.take({ type: 'device-ended', id: 2, reason: 'its window ended (crashed)' }, [])
  await expect(ended.describe()).rejects.toThrow('The device webgpu was lost: its window ended (crashed)')
  ended.close()
})

it('ends a device that is silent for much too long, at its first work or a later one', async () => {
  const limits = { leastMilliseconds: 1500, factor: 0, leastAtFirstMilliseconds: 1500, slowestFlopsPerSecond: 1e9 }
  const plain = await openNodeBackend('tfjs-cpu', '/nowhere')
  const stuck = overPort(() => new Promise(() => {}))
  const first = new RemoteDevice('webgpu', await stuck.devices.connect('webgpu'), limits)
  await expect(first.describe()).rejects.toThrow(
    /^The device webgpu was lost: it has been silent for \d+ seconds, much longer than its work takes, and was ended\. .*resume the run/,
  )
  expect(stuck.wishes.at(-1)).toEqual({ type: 'device-released', id: 1 })

  let describe = () => plain.describe()
  const later = overPort(() => Promise.resolve({ ...plain, describe: () => describe() }))
  const second = new RemoteDevice('webgpu', await later.devices.connect('webgpu'), limits)
  await second.describe()
  // Nothing is asked of it: its silence does not count.
  await new Promise((resolve) => setTimeout(resolve, 2000))
  await second.describe()
  describe = () => new Promise(() => {})
  await expect(second.describe()).rejects.toThrow(/silent for \d+ seconds/)
  await expect(second.open(setting)).rejects.toThrow(/silent for \d+ seconds/)
  for (const port of [...stuck.served, ...later.served]) port.close()
})

it('refuses a run that does not fit the memory of the device before it begins', async () => {
  const plain = await openNodeBackend('tfjs-cpu', '/nowhere')
  const describe = async () => ({ ...(await plain.describe()), freeBytes: 1000 })
  const { devices } = overPort(() => Promise.resolve({ ...plain, describe }))
  const device = new RemoteDevice('webgpu', await devices.connect('webgpu'))
  await expect(device.open(setting)).rejects.toThrow(/one client of tiny with batches of 4 needs 1 MiB/)
  device.close()
})

it('says what is missing without starting a process', async () => {
  await expect(forkDevices('/nowhere')('tensorflow-cpu')).rejects.toThrow(
    /The device tensorflow-cpu cannot be used: .*setup:tensorflow|optional packages/,
  )
})
