import type { Device } from '../../contract/devices'
import { DeviceMissing } from './device-errors'
import type { PoolImages } from '../thread-protocol'
import type { ConnectDevice, DevicePort, DeviceReply, DeviceRequest, WhyMissing } from './device-protocol'

/** A message port of Electron or of Node, as far as it is used. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  /** Electron wraps what it brings in an event, Node does not. */
  on(event: 'message', listener: (message: unknown) => void): unknown
  start(): void
  close(): void
}

/** What the engine tells the process that owns the windows: which device it wants driven, and that it is done with it. */
export type DeviceWish =
  | { readonly type: 'device-wanted'; readonly id: number; readonly device: Device }
  | { readonly type: 'device-released'; readonly id: number }

/** The answers. */
export type DeviceNews =
  /** A port to what drives the device comes with it where `missing` is null. */
  | { readonly type: 'device-offered'; readonly id: number; readonly missing: WhyMissing | null }
  /** What drives the device has ended without being asked to. */
  | { readonly type: 'device-ended'; readonly id: number; readonly reason: string }

interface Waiting {
  readonly resolve: (port: DevicePort) => void
  readonly reject: (reason: Error) => void
  readonly device: Device
}

/**
 * Devices that another process drives for the engine: a hidden window with WebGPU, a utility process with TensorFlow. At
 * the other end of the port `serveDevice` listens. What drives a device ends when it is released, and with the engine.
 */
export class ShellDevices {
  readonly #waiting = new Map<number, Waiting>()
  readonly #lost = new Map<number, (reason: string) => void>()
  #nextId = 1

  constructor(private readonly tell: (wish: DeviceWish) => void) {}

  readonly connect: ConnectDevice = (device) =>
    new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#waiting.set(id, { resolve, reject, device })
      this.tell({ type: 'device-wanted', id, device })
    })

  /** Takes what the process that owns the windows says of devices, with the ports that came with it. */
  take(news: DeviceNews, ports: readonly MessagePortLike[]): void {
    if (news.type === 'device-ended') {
      this.#lost.get(news.id)?.(news.reason)
      return
    }
    const waiting = this.#waiting.get(news.id)
    if (waiting === undefined) return
    this.#waiting.delete(news.id)
    const port = ports.at(0)
    if (news.missing !== null) waiting.reject(new DeviceMissing(waiting.device, news.missing))
    else if (port === undefined) waiting.reject(new Error(`no port came for the device ${waiting.device}`))
    else waiting.resolve(this.#devicePort(news.id, port))
  }

  #devicePort(id: number, port: MessagePortLike): DevicePort {
    return {
      post: (message) => {
        port.postMessage(message.type === 'open' ? unshared(message) : message)
      },
      onMessage: (listener) => {
        port.on('message', (message) => {
          listener(dataOf(message))
        })
        port.start()
      },
      onLost: (listener) => {
        this.#lost.set(id, listener)
      },
      close: () => {
        this.#lost.delete(id)
        port.close()
        this.tell({ type: 'device-released', id })
      },
    }
  }
}

/** Whether a message from the process that owns the windows is about devices. */
export function isDeviceNews(message: unknown): message is DeviceNews {
  return (
    typeof message === 'object' &&
    message !== null &&
    'type' in message &&
    (message.type === 'device-offered' || message.type === 'device-ended')
  )
}

/** Images lie in memory that threads share; Electron's ports carry no such memory. */
function unshared(message: Extract<DeviceRequest, { type: 'open' }>): DeviceRequest {
  const copy = ({ pixels, labels, trueLabels, ...images }: PoolImages['train']) => ({
    ...images,
    pixels: pixels.slice(),
    labels: labels.slice(),
    ...(trueLabels === undefined ? {} : { trueLabels: trueLabels.slice() }),
  })
  const { train, test } = message.setting.images
  return { ...message, setting: { ...message.setting, images: { train: copy(train), test: copy(test) } } }
}

function dataOf(event: unknown): DeviceReply {
  return (typeof event === 'object' && event !== null && 'data' in event ? event.data : event) as DeviceReply
}
