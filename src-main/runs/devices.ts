import { freemem } from 'node:os'
import {
  deviceKind,
  deviceNames,
  fastestFirst,
  isForAutomatic,
  isSlow,
  promiseOf,
  type Device,
  type DeviceChoice,
  type DeviceReport,
  type DeviceSpeed,
  type PresentDevice,
} from '../contract/devices'
import { messageOf } from '../contract/errors'
import type { Experiment } from '../contract/experiment'
import { denseForwardFlops } from '../engine/accounting/flops'
import type { ClientPool } from '../engine/federated/client-pool'
import { createGroupPool } from '../engine/federated/group-pool'
import { prepareModel } from '../engine/methods/prepare-model'
import type { ModelPlan } from '../engine/models/plan'
import { benchmarkExperiment, benchmarkShape } from '../host/benchmark'
import { DeviceMissing } from '../host/devices/device-errors'
import type { ConnectDevice } from '../host/devices/device-protocol'
import { RemoteDevice } from '../host/devices/remote-trainer'
import { describeTrainer } from '../host/kernels'
import { processorName } from '../host/processor'
import { deviceLimits, type SilenceLimits } from '../host/patience'
import type { PoolImages } from '../host/thread-protocol'
import type { WorkerPool } from '../host/worker-pool'
import { modelOfDensity, noiseImages, steadySeconds, trainBurst } from './bursts'
import { DeviceSpeeds } from './device-speeds'
import { applicationVersion } from './versions'

/** A client pool on a device, for one run. */
export interface DevicePool {
  readonly device: Device
  readonly pool: ClientPool
  /** Gives the device back. */
  close(): void
}

type RunSetting = Pick<Experiment, 'batchSize' | 'clientsAtOnce'>

/** The sparse trainer is measured at these sparsities; the others compute densely. */
const sparsities = [0, 0.9]

const namedDevices = deviceNames.filter((name) => name !== 'auto')

/** The devices of this computer: found, measured, chosen and opened. */
export class Devices {
  readonly #pool: WorkerPool
  readonly #connect: ConnectDevice | null
  readonly #speeds: DeviceSpeeds
  readonly #found = new Map<Device, Promise<DeviceReport>>()

  /**
   * @param connect starts what drives a device; null where there is only the processor
   * @param speedsFile where measured speeds are kept
   */
  constructor(pool: WorkerPool, connect: ConnectDevice | null, speedsFile: string) {
    this.#pool = pool
    this.#connect = connect
    const measuredWith = [applicationVersion, process.version, processorName(), `${pool.workers} workers`].join(', ')
    this.#speeds = new DeviceSpeeds(speedsFile, measuredWith)
  }

  /** Every device by name, in the order of the names, with its speed where it is known. */
  async list(): Promise<DeviceReport[]> {
    const reports = await Promise.all(namedDevices.map((device) => this.#find(device)))
    return reports
  }

  /** Measures a device, some seconds, and remembers its speed. Throws where it is missing. */
  async measure(device: Device): Promise<PresentDevice> {
    const report = await this.#present(device)
    const speed = await this.#measure(report)
    await this.#speeds.remember(device, speed)
    return { ...report, speed }
  }

  /**
   * The device that a choice means. `auto` is the fastest at the given density among those that have been measured and are
   * here; the processor while none has. Nothing is measured for it, so that no run waits for that.
   */
  resolve(choice: DeviceChoice, density: number): Promise<Device> {
    return this.#resolve(choice, density, (device) => this.#find(device))
  }

  /** The same from what was found last, for a look ahead that starts no device again and again. */
  expected(choice: DeviceChoice, density: number): Promise<Device> {
    return this.#resolve(choice, density, (device) => this.#found.get(device) ?? this.#find(device))
  }

  async #resolve(
    choice: DeviceChoice,
    density: number,
    find: (device: Device) => Promise<DeviceReport>,
  ): Promise<Device> {
    if (choice !== 'auto') return choice
    const speeds = await Promise.all(
      namedDevices.map(async (device) => ({ device, speed: await this.#speeds.of(device) })),
    )
    for (const device of fastestFirst(speeds, 1 - density)) {
      if (device === 'cpu' || isForAutomatic(await find(device))) return device
    }
    return 'cpu'
  }

  /** Opens a device for a run. Throws where it is missing or has too little memory. */
  async open(device: Device, plan: ModelPlan, images: PoolImages, setting: RunSetting): Promise<DevicePool> {
    if (device === 'cpu') return { device, pool: await this.#pool.open(plan, images), close: () => {} }
    const remote = await this.#reach(device)
    try {
      const trainer = await remote.open({ plan, images, ...setting })
      return {
        device,
        pool: createGroupPool(trainer, images.train, images.test, setting.clientsAtOnce),
        close: () => {
          remote.close()
        },
      }
    } catch (error) {
      remote.close()
      throw error
    }
  }

  /** What a device is now; remembered for `expected`. */
  #find(device: Device): Promise<DeviceReport> {
    const report = this.#look(device)
    this.#found.set(device, report)
    return report
  }

  async #look(device: Device): Promise<DeviceReport> {
    try {
      return await this.#present(device)
    } catch (error) {
      const { reason, problem, remedy } =
        error instanceof DeviceMissing
          ? error.why
          : {
              reason: 'failed' as const,
              problem: messageOf(error),
              remedy: 'Use another device',
            }
      return { device, promise: promiseOf(device), state: 'missing', reason, problem, remedy }
    }
  }

  async #present(device: Device): Promise<PresentDevice> {
    const basis = {
      device,
      promise: promiseOf(device),
      state: 'present' as const,
      speed: await this.#speeds.of(device),
    }
    if (device === 'cpu') {
      const versions = { espalier: applicationVersion, kernels: await describeTrainer() }
      return { ...basis, hardware: processorName(), versions, freeBytes: freemem(), isEmulated: false }
    }
    const remote = await this.#reach(device)
    try {
      const { hardware, versions, freeBytes, isEmulated } = await remote.describe()
      return { ...basis, hardware, versions, freeBytes, isEmulated }
    } finally {
      remote.close()
    }
  }

  async #reach(device: Device): Promise<RemoteDevice> {
    if (this.#connect === null) {
      throw new DeviceMissing(device, {
        reason: 'unsupported',
        problem: 'this program trains on the processor only',
        remedy: 'Use the device cpu',
      })
    }
    return new RemoteDevice(device, await this.#connect(device), await this.#limitsOf(device))
  }

  /** What silence of a device is too long: where its speed is known, first work may take a hundred times as long. */
  async #limitsOf(device: Device): Promise<SilenceLimits> {
    const measured = (await this.#speeds.of(device))?.at(0)
    if (measured === undefined) return deviceLimits
    const { plan } = prepareModel(benchmarkExperiment({}), benchmarkShape, 10)
    return { ...deviceLimits, slowestFlopsPerSecond: (3 * denseForwardFlops(plan) * measured.imagesPerSecond) / 100 }
  }

  /** Whether a device takes seconds per step where the others take milliseconds; throws where it is missing. */
  async isSlow(device: Device): Promise<boolean> {
    const report = await (this.#found.get(device) ?? this.#find(device))
    if (report.state === 'missing') throw new DeviceMissing(device, report)
    return isSlow(report)
  }

  async #measure(report: PresentDevice): Promise<DeviceSpeed[]> {
    const { device } = report
    const clients = device === 'cpu' ? this.#pool.workers : isSlow(report) ? 1 : 8
    const experiment = benchmarkExperiment({ ...(isSlow(report) ? { batchSize: 4 } : {}), clientsAtOnce: clients })
    const { plan } = prepareModel(experiment, benchmarkShape, 10)
    const images = noiseImages(plan, experiment.batchSize)
    const opened = await this.open(device, plan, { train: images, test: images }, experiment)
    try {
      const speed: DeviceSpeed[] = []
      for (const sparsity of deviceKind(device) === 'cpu' ? sparsities : sparsities.slice(0, 1)) {
        const model = modelOfDensity(plan, 1 - sparsity, experiment.seed)
        const seconds = await steadySeconds((epochs) => trainBurst(opened.pool, experiment, model, clients, epochs))
        speed.push({ sparsity, imagesPerSecond: (clients * experiment.batchSize) / seconds })
      }
      return speed
    } finally {
      opened.close()
    }
  }
}
