import { devicePortName, type DeviceRequest, type DeviceServerPort } from './devices/device-protocol'
import { DeviceMissing } from './devices/device-errors'
import { serveDevice } from './devices/device-server'
import { openWebgpu, type Gpu } from './devices/webgpu-backend'

/** Entry of the page of the hidden window that drives the card through Chromium's WebGPU. The port comes from its preload. */

window.addEventListener('message', ({ data, source, ports }) => {
  const port = ports.at(0)
  if (source === window && data === devicePortName && port !== undefined) {
    serveDevice('webgpu', serverPort(port), openChromium)
  }
})

function serverPort(port: MessagePort): DeviceServerPort {
  return {
    post: (message) => {
      port.postMessage(message)
    },
    onMessage: (listener) => {
      port.onmessage = ({ data }) => {
        listener(data as DeviceRequest)
      }
    },
  }
}

async function openChromium() {
  const { gpu } = navigator as { gpu?: Gpu }
  const version = /Chrome\/([\d.]+)/.exec(navigator.userAgent)?.[1] ?? ''
  if (gpu === undefined) {
    throw new DeviceMissing('webgpu', {
      reason: 'unsupported',
      problem: `Chromium ${version} has no WebGPU here`,
      remedy: 'Use the WebGPU of the command line: npx espalier run --device webgpu',
    })
  }
  return openWebgpu('webgpu', gpu, {
    name: 'Chromium',
    version,
    remedy: navigator.userAgent.includes('Linux')
      ? 'Install the Vulkan driver of your card and the Vulkan loader (libvulkan1), then start with: npm start -- --enable-features=Vulkan'
      : 'Install the current driver of your card',
  })
}
