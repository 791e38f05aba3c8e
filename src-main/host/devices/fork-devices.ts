import { fork } from 'node:child_process'
import { deviceProcessPath } from '../application-files'
import type { ConnectDevice, DevicePort, DeviceReply } from './device-protocol'
import { LastWords } from './last-words'
import { locatedFirst } from './locate-tensorflow'

/**
 * Devices in Node processes of their own. Only where Node itself runs: Electron's processes cannot start a Node.
 *
 * @param tensorflowFolder where the native part of TensorFlow was set up
 * @param script the built device-process; by default the one of this application
 */
export function forkDevices(tensorflowFolder: string, script = deviceProcessPath()): ConnectDevice {
  return locatedFirst((device) => Promise.resolve(forkDevice(device, script)), tensorflowFolder)
}

function forkDevice(device: string, script: string): DevicePort {
  const child = fork(script, [device], {
    // Typed arrays as they are.
    serialization: 'advanced',
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    execArgv: [],
  })
  const lastWords = new LastWords(child.stderr)
  let isClosed = false
  return {
    post: (message) => {
      if (child.connected) child.send(message, () => {})
    },
    onMessage: (listener) => {
      child.on('message', (message) => {
        listener(message as DeviceReply)
      })
    },
    onLost: (listener) => {
      child.on('error', (error) => {
        if (!isClosed) listener(error.message)
      })
      child.on('close', (code, signal) => {
        if (isClosed) return
        const how = signal === null ? `with exit code ${code ?? 0}` : `by ${signal}`
        listener(`its process ended ${how}${lastWords.toString()}`)
      })
    },
    close: () => {
      isClosed = true
      child.kill('SIGKILL')
    },
  }
}
