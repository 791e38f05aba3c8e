import * as tf from '@tensorflow/tfjs-core'
import type { Device } from '../../contract/devices'
import type { Backend } from './backend'
import { DeviceMissing, firstLine } from './device-errors'

/** The part of WebGPU that is used; the types of Node and of pages have none. */
export interface Gpu {
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

interface WebgpuBackend {
  readonly device: {
    readonly limits: { readonly maxStorageBufferBindingSize: number }
    readonly lost: Promise<{ readonly message: string }>
  }
}

/** Who provides WebGPU, and what helps where it finds no card. */
export interface WebgpuProvider {
  readonly name: string
  readonly version: string
  readonly remedy: string
}

/** Opens the WebGPU of a page or of Node, which is the global `navigator.gpu`. Throws `DeviceMissing`. */
export async function openWebgpu(
  device: Device,
  gpu: Gpu,
  { name, version, remedy }: WebgpuProvider,
): Promise<Backend> {
  const adapter = await gpu.requestAdapter()
  if (adapter === null) {
    throw new DeviceMissing(device, { reason: 'no-card', problem: `WebGPU (${name} ${version}) finds no card`, remedy })
  }
  const { version_webgpu: backendVersion = tf.version_core } =
    (await import('@tensorflow/tfjs-backend-webgpu')) as unknown as { readonly version_webgpu?: string }
  const { vendor, architecture, description } = adapter.info
  const hardware = [description, vendor, architecture].filter((part) => part !== '').join(', ')
  if (!(await isSet())) {
    throw new DeviceMissing(device, {
      reason: 'failed',
      problem: `the card ${hardware} cannot be opened through WebGPU (${name} ${version})`,
      remedy,
    })
  }
  const { device: card } = tf.backend() as unknown as WebgpuBackend
  return {
    describe: () =>
      Promise.resolve({
        trainer: `tfjs/webgpu ${backendVersion} (${name} ${version}, ${hardware})`,
        hardware,
        versions: { '@tensorflow/tfjs-backend-webgpu': backendVersion, [name]: version },
        // WebGPU tells nobody how much memory a card has.
        freeBytes: null,
        isEmulated: adapter.info.isFallbackAdapter === true || /swiftshader|llvmpipe|lavapipe/i.test(hardware),
      }),
    mostTensorBytes: card.limits.maxStorageBufferBindingSize,
    lost: card.lost.then(({ message }) => (message === '' ? 'its driver gave no reason' : firstLine(message))),
  }
}

/** TensorFlow.js answers false, or throws, where the card's driver refuses. */
async function isSet(): Promise<boolean> {
  try {
    return await tf.setBackend('webgpu')
  } catch {
    return false
  }
}
