import type { Device } from '../../contract/devices'
import { checkLength } from '../../engine/trainer/checks'
import type { GroupTrainer } from '../../engine/trainer/group-trainer'
import { clientsThatFit } from '../../engine/trainer/tfjs/memory'
import { createTfjsTrainer } from '../../engine/trainer/tfjs/tfjs-trainer'
import type { Backend } from './backend'
import { deviceFailure, DeviceMissing } from './device-errors'
import type { DeviceRequest, DeviceServerPort, DeviceSetting } from './device-protocol'

/**
 * Serves one device over a port: opens its backend at the first request, then does one request after the other. Runs
 * wherever the backend does, also in a page.
 */
export function serveDevice(device: Device, port: DeviceServerPort, openBackend: () => Promise<Backend>): void {
  const server = new DeviceServer(device, port, openBackend)
  port.onMessage((message) => {
    server.receive(message)
  })
}

interface Opened {
  readonly setting: DeviceSetting
  readonly trainer: GroupTrainer
}

type Question = Exclude<DeviceRequest, { type: 'stop' }>

class DeviceServer {
  #backend: Promise<Backend> | null = null
  #opened: Opened | null = null
  #turn: Promise<void> = Promise.resolve()
  readonly #stops = new Map<number, AbortController>()

  constructor(
    private readonly device: Device,
    private readonly port: DeviceServerPort,
    private readonly openBackend: () => Promise<Backend>,
  ) {}

  receive(request: DeviceRequest): void {
    if (request.type === 'stop') {
      this.#stops.get(request.id)?.abort(new Error('stopped'))
      return
    }
    const stop = new AbortController()
    this.#stops.set(request.id, stop)
    this.#turn = this.#turn.then(async () => {
      try {
        stop.signal.throwIfAborted()
        this.port.post({ type: 'done', id: request.id, value: await this.#answer(request, stop.signal) })
      } catch (error) {
        if (error instanceof DeviceMissing) {
          this.port.post({ type: 'missing', id: request.id, why: error.why })
          return
        }
        const { kind, message } = deviceFailure(this.device, error)
        this.port.post({ type: 'failed', id: request.id, kind, message })
      } finally {
        this.#stops.delete(request.id)
      }
    })
  }

  async #answer(request: Question, signal: AbortSignal): Promise<unknown> {
    const backend = await this.#open()
    switch (request.type) {
      case 'describe':
        return backend.describe()
      case 'open': {
        const { trainer: description, freeBytes } = await backend.describe()
        const { plan, batchSize, clientsAtOnce } = request.setting
        const options = {
          description,
          clientsAtOnce,
          memoryBytes: freeBytes,
          mostTensorBytes: backend.mostTensorBytes,
        }
        clientsThatFit(plan, batchSize, options)
        this.#opened = { setting: request.setting, trainer: createTfjsTrainer(plan, options) }
        return description
      }
      case 'train': {
        const { trainer, setting } = this.#run()
        const tasks = request.tasks.map((task) => ({ ...task, images: setting.images[task.images] }))
        return trainer.trainClients(
          tasks,
          (done) => {
            this.port.post({ type: 'progress', id: request.id, done })
          },
          signal,
        )
      }
      case 'evaluate':
      case 'gradient': {
        const { trainer, setting } = this.#run()
        checkLength('parameters', request.parameters.length, setting.plan.parameterCount)
        return trainer[request.type](request, setting.images[request.images], request.indices)
      }
      case 'count-tensors':
        return this.#run().trainer.liveTensors()
    }
  }

  #run(): Opened {
    if (this.#opened === null) throw new Error('no run was opened')
    return this.#opened
  }

  #open(): Promise<Backend> {
    this.#backend ??= this.openBackend().then((backend) => {
      void backend.lost.then((reason) => {
        this.port.post({ type: 'lost', message: reason })
      })
      return backend
    })
    return this.#backend
  }
}
