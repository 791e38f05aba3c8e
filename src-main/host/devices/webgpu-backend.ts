import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import * as tf from '@tensorflow/tfjs-core'
import type { Device } from '../../contract/devices'
import type { Backend } from './backend'
import { DeviceMissing } from './device-errors'
import { packageFolder, packageVersion } from './packages'

/** The part of WebGPU that is used; Node's types have none. */
interface Gpu {
  requestAdapter(): Promise<Adapter | null>
}

interface Adapter {
  readonly info: {
    readonly vendor: string
    readonly architecture: string
    readonly description: string
    readonly isFallbackAdapter?: boolean
  }
}

interface WebgpuPackage {
  readonly create: (options: readonly string[]) => Gpu
  readonly globals: Record<string, unknown>
}

interface WebgpuBackend {
  readonly device: {
    readonly limits: { readonly maxStorageBufferBindingSize: number }
    readonly lost: Promise<{ readonly message: string }>
  }
}

/** Opens WebGPU through Dawn in plain Node. Throws `DeviceMissing`. */
export async function openWebgpu(device: Device): Promise<Backend> {
  if ('electron' in process.versions) {
    // Dawn's Node binding hands out memory that Electron's V8 refuses; its window has a WebGPU of its own.
    throw new DeviceMissing(device, {
      reason: 'unsupported',
      problem: 'Node’s WebGPU does not work in Electron’s processes',
      remedy: 'Use the command line, or the WebGPU of the window',
    })
  }
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
      problem: `Dawn, the WebGPU of the npm package webgpu, cannot be loaded (${messageOf(error)})`,
      remedy: 'It needs Linux, macOS or Windows on x64 or arm64, and on Linux glibc 2.35 or newer',
    })
  }
  const adapter = await gpu.requestAdapter()
  if (adapter === null) {
    throw new DeviceMissing(device, {
      reason: 'no-card',
      problem: 'WebGPU finds no card',
      remedy:
        process.platform === 'linux'
          ? 'Install the Vulkan driver of your card and the Vulkan loader (libvulkan1)'
          : 'Install the current driver of your card',
    })
  }
  // Node 21 has a navigator of its own, without this.
  Object.defineProperty(globalThis, 'navigator', { value: { gpu, userAgent: 'node' }, configurable: true })
  const { version_webgpu: backendVersion } = (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as {
    readonly version_webgpu?: string
  }
  await tf.setBackend('webgpu')
  const { device: card } = tf.backend() as unknown as WebgpuBackend
  const { vendor, architecture, description } = adapter.info
  const hardware = [description, vendor, architecture].filter((part) => part !== '').join(', ')
  const version = packageVersion(folder)
  return {
    describe: () =>
      Promise.resolve({
        trainer: `tfjs/webgpu ${backendVersion ?? tf.version_core} (Dawn ${version}, ${hardware})`,
        hardware,
        versions: { '@tensorflow/tfjs-backend-webgpu': backendVersion ?? tf.version_core, webgpu: version },
        // WebGPU tells nobody how much memory a card has.
        freeBytes: null,
        isEmulated: adapter.info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(hardware),
      }),
    mostTensorBytes: card.limits.maxStorageBufferBindingSize,
    lost: card.lost.then(({ message }) => (message === '' ? 'its driver gave no reason' : message)),
  }
}

function messageOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n', 1)[0]
}
