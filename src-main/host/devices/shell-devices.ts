import type { Device } from '../../contract/devices'
import { DeviceMissing } from './device-errors'
import type { ConnectDevice, DevicePort, DeviceReply, WhyMissing } from './device-protocol'

/** A message port of Electron or of Node, as far as it is used. */
export interface MessagePortLike {
  postMessage(message: unknown): void
  /** Electron wraps what it brings in an event, Node does not. */
  on(event: 'message', listener: (message: unknown) => void): unknown
  on(event: 'close', listener: () => void): unknown
  start(): void
  close(): void
}

/** What the engine asks of the process that owns the windows: a port to whatever drives the device. */
export interface DeviceWanted {
  readonly type: 'device-wanted'
  readonly id: number
  readonly device: Device
}

/** The answer; with a port where `missing` is null. */
export interface DeviceOffered {
  readonly type: 'device-offered'
  readonly id: number
  readonly missing: WhyMissing | null
}

/**
 * Devices that another process drives for the engine: a hidden window with WebGPU, a utility process with TensorFlow. The
 * engine asks with `device-wanted` and is answered with `device-offered` and a port, at whose other end `serveDevice` or
 * something of its protocol listens. Closing the port ends the device; when it closes by itself, the device is lost.
 */
export class ShellDevices {
  readonly #waiting = new Map<number, (offer: DeviceOffered, port: MessagePortLike | undefined) => void>()
  #nextId = 1

  constructor(private readonly ask: (message: DeviceWanted) => void) {}

  readonly connect: ConnectDevice = (device) =>
    new Promise((resolve, reject) => {
      const id = this.#nextId++
      this.#waiting.set(id, ({ missing }, port) => {
        if (missing !== null) reject(new DeviceMissing(device, missing))
        else if (port === undefined) reject(new Error(`no port came for the device ${device}`))
        else resolve(devicePort(port))
      })
      this.ask({ type: 'device-wanted', id, device })
    })

  /** Takes an answer of the process that owns the windows. */
  take(offer: DeviceOffered, ports: readonly MessagePortLike[]): void {
    const waiting = this.#waiting.get(offer.id)
    this.#waiting.delete(offer.id)
    waiting?.(offer, ports.at(0))
  }
}

/** Whether a message from the process that owns the windows is such an answer. */
export function isDeviceOffer(message: unknown): message is DeviceOffered {
  return typeof message === 'object' && message !== null && (message as { type?: unknown }).type === 'device-offered'
}

function devicePort(port: MessagePortLike): DevicePort {
  let isClosed = false
  return {
    post: (message) => {
      port.postMessage(message)
    },
    onMessage: (listener) => {
      port.on('message', (message) => {
        listener(messageOf(message))
      })
      port.start()
    },
    onLost: (listener) => {
      port.on('close', () => {
        if (!isClosed) listener('what drives it has ended')
      })
    },
    close: () => {
      isClosed = true
      port.close()
    },
  }
}

function messageOf(event: unknown): DeviceReply {
  return (typeof event === 'object' && event !== null && 'data' in event ? event.data : event) as DeviceReply
}
