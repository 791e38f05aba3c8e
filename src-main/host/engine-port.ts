import type { MessagePortLike } from './devices/shell-devices'
import type { EnginePort } from './engine-server'

/** `process.parentPort` of an Electron utility process, as far as it is used; nothing here imports electron. */
interface UtilityProcessPort {
  postMessage(message: unknown): void
  on(
    event: 'message',
    listener: (event: { readonly data: unknown; readonly ports: readonly MessagePortLike[] }) => void,
  ): void
}

/** The channel this process was started with. Throws when it was started by hand. */
export function connectToParent(): EnginePort {
  const { parentPort } = process as unknown as { readonly parentPort?: UtilityProcessPort }
  if (parentPort !== undefined) {
    return {
      post: (message) => {
        parentPort.postMessage(message)
      },
      onMessage: (listener) => {
        parentPort.on('message', ({ data, ports }) => {
          listener(data, ports)
        })
      },
    }
  }
  if (process.send === undefined) throw new Error('the engine process is started by the desktop application')
  const send = process.send.bind(process)
  return {
    post: (message) => {
      // A parent that went away hears nothing more, and that must not end this process before its runs are paused.
      if (process.connected) send(message, undefined, undefined, () => {})
    },
    onMessage: (listener) => {
      process.on('message', (message) => {
        listener(message, [])
      })
    },
  }
}
