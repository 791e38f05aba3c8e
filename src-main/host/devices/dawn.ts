import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Device } from '../../contract/devices'
import { messageOf } from '../../contract/errors'
import type { Backend } from './backend'
import { DeviceMissing, firstLine } from './device-errors'
import { packageFolder, packageVersion } from './packages'
import { openWebgpu, type Gpu } from './webgpu-backend'

interface WebgpuPackage {
  readonly create: (options: readonly string[]) => Gpu
  readonly globals: Record<string, unknown>
}

/** Opens WebGPU in plain Node, where Dawn provides it. Throws `DeviceMissing`. */
export async function openDawn(device: Device): Promise<Backend> {
  const folder = packageFolder('webgpu')
  if (folder === null) {
    throw new DeviceMissing(device, {
      reason: 'not-set-up',
      problem: 'the npm package webgpu is not installed',
      remedy: 'Install the optional packages (npm install) and try again',
    })
  }
  let gpu: Gpu
  try {
    const { create, globals } = (await import(pathToFileURL(join(folder, 'index.js')).href)) as WebgpuPackage
    Object.assign(globalThis, globals)
    gpu = create([])
  } catch (error) {
    throw new DeviceMissing(device, {
      reason: 'failed',
      problem: `Dawn, the WebGPU of the npm package webgpu, cannot be loaded (${firstLine(messageOf(error))})`,
      remedy: 'It needs Linux, macOS or Windows on x64 or arm64, and on Linux glibc 2.35 or newer',
    })
  }
  // Node 21 has a navigator of its own, without this.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true })
  return openWebgpu(device, gpu, {
    name: 'Dawn',
    version: packageVersion(folder),
    remedy:
      process.platform === 'linux'
        ? 'Install the Vulkan driver of your card and the Vulkan loader (libvulkan1)'
        : 'Install the current driver of your card',
  })
}
