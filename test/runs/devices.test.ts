import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Device } from '../../src-main/contract/devices'
import type { ExperimentInput } from '../../src-main/contract/experiment'
import type { RunManifest } from '../../src-main/contract/records'
import { DatasetStore } from '../../src-main/datasets/dataset-store'
import type { DevicePort } from '../../src-main/host/devices/device-protocol'
import { forkDevices } from '../../src-main/host/devices/fork-devices'
import type { DatasetLibrary } from '../../src-main/runs/dataset-library'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { buildApplication, type BuiltApplication } from '../host/build-application'
import { tensorflowHere, tensorflowFolder } from '../trainer/devices-here'
import { tinyExperiment, traceOf } from './bench'
import { SyntheticDatasets } from './synthetic-datasets'

/** Largest difference of an accuracy between the sparse trainer and TensorFlow in the first rounds. */
const accuracyTolerance = 0.01

let application: BuiltApplication | null = null
const folders: string[] = []
beforeAll(async () => {
  application = await buildApplication('training-worker', 'device-process')
})
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true })
  await application?.remove()
})

function fork(device: Device): Promise<DevicePort> {
  return forkDevices(tensorflowFolder, join(application?.folder ?? '', 'out/main/device-process.js'))(device)
}

async function openLaboratory(
  connectDevice = fork,
  datasets: DatasetLibrary = new SyntheticDatasets(),
  known: string | null = null,
): Promise<Laboratory> {
  const folder = known ?? (await mkdtemp(join(tmpdir(), 'espalier-devices-')))
  if (known === null) folders.push(folder)
  if (application === null) throw new Error('the application is not built')
  const { workerUrl } = application
  return Laboratory.open({ home: dataHome(folder), datasets, workers: 2, workerUrl, connectDevice })
}

async function run(laboratory: Laboratory, input: ExperimentInput) {
  const { manifest, runs } = await laboratory.ask('runs.launch', {
    sessionId: null,
    sessionName: null,
    experiments: [tinyExperiment(input)],
  })
  const sessionId = manifest.id
  return { sessionId, run: await laboratory.settled(sessionId, runs[0].id) }
}

async function trace(laboratory: Laboratory, sessionId: string, of: RunManifest) {
  return traceOf(await laboratory.sessions.folderOf(sessionId), of)
}

/** The largest difference between two accuracy curves. */
function distance(one: Awaited<ReturnType<typeof traceOf>>, other: Awaited<ReturnType<typeof traceOf>>): number {
  const differences = one.rounds.map(({ globalAccuracy }, round) =>
    Math.abs((globalAccuracy ?? 0) - (other.rounds[round].globalAccuracy ?? 0)),
  )
  return Math.max(...differences)
}

describe('a run on a device', () => {
  it('moves the topology as on the processor, and its manifest says where it was and what that promises', async () => {
    const laboratory = await openLaboratory()
    // The referee takes its time.
    const few = { rounds: 4, samplesPerClient: 16 }
    const onProcessor = await run(laboratory, { ...few, device: 'cpu' })
    const onDevice = await run(laboratory, { ...few, device: 'tfjs-cpu' })
    expect(onProcessor.run.devices).toMatchObject([{ fromRound: 0, device: 'cpu', promise: 'bits' }])
    expect(onDevice.run).toMatchObject({
      state: 'finished',
      trainer: 'tfjs/cpu 4.22.0',
      devices: [{ fromRound: 0, device: 'tfjs-cpu', trainer: 'tfjs/cpu 4.22.0', promise: 'tolerance' }],
    })
    const [one, other] = [
      await trace(laboratory, onProcessor.sessionId, onProcessor.run),
      await trace(laboratory, onDevice.sessionId, onDevice.run),
    ]
    expect(one.masks.length).toBeGreaterThan(2)
    expect(other.masks.slice(0, 3)).toEqual(one.masks.slice(0, 3))
    expect(distance(one, other)).toBeLessThan(0.05)
    await laboratory.close()
  })

  it('fails in words when the device is lost, and goes on from there on another one', async () => {
    let requests = 0
    const laboratory = await openLaboratory(async (device) => {
      const port = await fork(device)
      let lose: (reason: string) => void = () => {}
      return {
        ...port,
        post: (message) => {
          if (message.type === 'train' && ++requests > 2) lose('its process ended by SIGKILL')
          else port.post(message)
        },
        onLost: (listener) => {
          lose = listener
        },
      }
    })
    const { sessionId, run: failed } = await run(laboratory, { device: 'tfjs-cpu' })
    expect(failed).toMatchObject({ state: 'failed', roundsDone: 2 })
    expect(failed.message).toMatch(/The device tfjs-cpu was lost: its process ended by SIGKILL\. .*--device cpu/)
    await laboratory.ask('runs.resume', { sessionId, runId: failed.id, device: 'cpu' })
    const finished = await laboratory.settled(sessionId, failed.id)
    expect(finished).toMatchObject({
      state: 'finished',
      devices: [
        { fromRound: 0, device: 'tfjs-cpu', promise: 'tolerance' },
        { fromRound: 2, device: 'cpu', promise: 'bits' },
      ],
    })
    await laboratory.close()
  })

  it('fails in words where the device is missing, and auto takes the processor where there is nothing else', async () => {
    const laboratory = await openLaboratory((device) => forkDevices('/nowhere', '/nowhere.js')(device))
    const { run: failed } = await run(laboratory, { device: 'tensorflow-cpu' })
    expect(failed.state).toBe('failed')
    expect(failed.message).toMatch(/The device tensorflow-cpu cannot be used: .*run npm run setup:tensorflow/)
    const { run: finished } = await run(laboratory, {})
    expect(finished).toMatchObject({ state: 'finished', devices: [{ device: 'cpu' }] })
    await laboratory.close()
  })
})

describe('devices', () => {
  it('are listed with what they are or why not, measured, and remembered', async () => {
    const laboratory = await openLaboratory()
    const found = await laboratory.ask('devices.list', undefined)
    expect(found.map(({ device }) => device)).toEqual(['cpu', 'cuda', 'webgpu', 'tensorflow-cpu', 'tfjs-cpu'])
    expect(found[0]).toMatchObject({ state: 'present', promise: 'bits', speed: null })
    for (const report of found) {
      if (report.state === 'missing') expect(`${report.problem} ${report.remedy}`).not.toMatch(/undefined|\[object/)
    }
    const measured = await laboratory.ask('devices.measure', { device: 'cpu' })
    if (measured.state === 'missing') throw new Error(measured.problem)
    expect(measured.speed?.map(({ sparsity }) => sparsity)).toEqual([0, 0.9])
    for (const { imagesPerSecond } of measured.speed ?? []) expect(imagesPerSecond).toBeGreaterThan(1)
    expect(await laboratory.ask('devices.list', undefined)).toContainEqual(
      expect.objectContaining({ device: 'cpu', speed: measured.speed }),
    )
    await laboratory.close()
  })
})

describe('auto', () => {
  it('takes the device that was measured fastest', async () => {
    const asCard = (device: Device) =>
      device === 'webgpu' ? fork('tfjs-cpu') : Promise.reject(new Error('not of interest'))
    const laboratory = await openLaboratory(asCard)
    await laboratory.ask('devices.measure', { device: 'cpu' })
    await laboratory.close()
    const folder = folders.at(-1) ?? ''
    const { devicesFile } = dataHome(folder)
    const speeds = JSON.parse(await readFile(devicesFile, 'utf8')) as { devices: Record<string, unknown> }[]
    for (const [imagesPerSecond, device] of [
      [0.001, 'cpu'],
      [1e9, 'webgpu'],
    ] as const) {
      speeds[0].devices['webgpu'] = [{ sparsity: 0, imagesPerSecond }]
      await writeFile(devicesFile, JSON.stringify(speeds))
      const informed = await openLaboratory(asCard, new SyntheticDatasets(), folder)
      const { run: ended } = await run(informed, { rounds: 1, device: 'auto' })
      expect(ended).toMatchObject({ state: 'finished', experiment: { device: 'auto' }, devices: [{ device }] })
      await informed.close()
    }
  })
})

describe.skipIf(!tensorflowHere)('the same experiment on TensorFlow', () => {
  it('moves the first topologies alike and learns the same', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'espalier-mnist-'))
    folders.push(folder)
    const laboratory = await openLaboratory(fork, new DatasetStore(folder))
    const input = { rounds: 6, localEpochs: 3, sparsity: 0.5, totalClients: 5, clientsPerRound: 4, learningRate: 0.05 }
    const all = {
      ...input,
      samplesPerClient: 200,
      evaluationInterval: 1,
      model: 'lenet-300-100',
      growthCriterion: 'gradient',
    } as const
    const traces = []
    for (const device of ['cpu', 'tensorflow-cpu'] as const) {
      const { sessionId, run: ended } = await run(laboratory, { ...all, device })
      expect(ended.message).toBe('')
      traces.push(await trace(laboratory, sessionId, ended))
    }
    const [sparse, tensorflow] = traces
    expect(tensorflow.masks.slice(0, 3)).toEqual(sparse.masks.slice(0, 3))
    expect(sparse.rounds.at(-1)?.globalAccuracy).toBeGreaterThan(0.5)
    expect(distance(sparse, tensorflow)).toBeLessThan(accuracyTolerance)
    await laboratory.close()
  }, 300_000)
})
