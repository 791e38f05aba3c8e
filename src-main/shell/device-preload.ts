import { ipcRenderer } from 'electron'
import { devicePortName } from '../host/devices/device-protocol'

// The page gets the port and nothing else of Electron.
ipcRenderer.once(devicePortName, ({ ports }) => {
  window.postMessage(devicePortName, location.origin, ports)
})
