import type { DeviceRequest, DeviceServerPort } from './device-protocol'

/** `MessagePortMain` of Electron, as far as it is used; nothing here imports electron. */
interface ElectronPort {
  postMessage(message: unknown): void
  on(event: 'message', listener: (event: { readonly data: unknown }) => void): void
  on(event: 'close', listener: () => void): void
  start(): void
}

/** `process.parentPort` of an Electron utility process. */
interface UtilityProcessPort {
  once(event: 'message', listener: (event: { readonly ports: readonly ElectronPort[] }) => void): void
}

/**
 * The channel on which this process serves a device: that of the Node process which forked it, or in an Electron utility
 * process the port that comes with the first message. The process ends with its channel.
 */
export async function connectDeviceToParent(): Promise<DeviceServerPort> {
  const { parentPort } = process as unknown as { readonly parentPort?: UtilityProcessPort }
  if (parentPort !== undefined) {
    const port = await new Promise<ElectronPort>((resolve, reject) => {
      parentPort.once('message', ({ ports }) => {
        const first = ports.at(0)
        if (first === undefined) reject(new Error('the first message brings the port'))
        else resolve(first)
      })
    })
    port.on('close', () => process.exit(0))
    return {
      post: (message) => {
        port.postMessage(message)
      },
      onMessage: (listener) => {
        port.on('message', ({ data }) => {
          listener(data as DeviceRequest)
        })
        port.start()
      },
    }
  }
  if (process.send === undefined) throw new Error('the device process is started by Espalier')
  const send = process.send.bind(process)
  process.on('disconnect', () => process.exit(0))
  return {
    post: (message) => {
      if (process.connected) send(message, undefined, undefined, () => {})
    },
    onMessage: (listener) => {
      process.on('message', listener)
    },
  }
}
