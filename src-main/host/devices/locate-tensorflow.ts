import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { deviceKind, type Device } from '../../contract/devices'
import { errorCode } from '../../contract/errors'
import { DeviceMissing } from './device-errors'
import type { ConnectDevice } from './device-protocol'
import { packageFolder } from './packages'

/** The native part of TensorFlow.js, below the folder that it was set up in. */
const bindingPath = ['lib', 'napi-v8', 'tfjs_binding.node'] as const

/** An NVIDIA card as its driver describes it. */
interface Card {
  readonly name: string
  readonly driver: string
  readonly freeBytes: number
}

/** What a TensorFlow device needs, as it was found on this computer. */
export interface LocatedTensorflow {
  /** Null without CUDA. */
  readonly card: Card | null
  readonly packageName: string
  readonly packageFolder: string
  readonly binding: string
}

/**
 * Looks for everything that `tensorflow-cpu` or `cuda` needs, without loading it. Throws `DeviceMissing`.
 *
 * @param setupFolder where `npm run setup:tensorflow` puts the native part, with a folder for each of the two
 */
export async function locateTensorflow(device: Device, setupFolder: string): Promise<LocatedTensorflow> {
  const onCard = deviceKind(device) === 'cuda'
  // The card is looked for first: without one there is nothing to set up.
  const card = onCard ? await findCard(device) : null
  const packageName = onCard ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
  const folder = packageFolder(packageName)
  if (folder === null) {
    throw new DeviceMissing(device, {
      reason: 'not-set-up',
      problem: `the npm package ${packageName} is not installed`,
      remedy: 'Install the optional packages (npm install) and try again',
    })
  }
  const folders = [...(onCard ? ['gpu'] : ['cpu', 'gpu']).map((name) => join(setupFolder, name)), folder]
  const binding = folders.map((place) => join(place, ...bindingPath)).find((path) => existsSync(path))
  if (binding === undefined) {
    throw new DeviceMissing(device, {
      reason: 'not-set-up',
      problem: `the native part of ${packageName} has not been set up`,
      remedy: `In a checkout of Espalier run ${setupCommand(device)}, which sets it up for this user`,
    })
  }
  return { card, packageName, packageFolder: folder, binding }
}

/** Has nothing started for a TensorFlow that is not there. */
export function locatedFirst(connect: ConnectDevice, setupFolder: string): ConnectDevice {
  return async (device) => {
    if (['cuda', 'tensorflow-cpu'].includes(deviceKind(device))) await locateTensorflow(device, setupFolder)
    return connect(device)
  }
}

/** The command that sets the native part up. */
export function setupCommand(device: Device): string {
  return `npm run setup:tensorflow${deviceKind(device) === 'cuda' ? ' -- --gpu' : ''}`
}

/** The number of the card in `cuda:1`; the first one in `cuda`. */
export function cardNumber(device: Device): string {
  return device.split(':').at(1) ?? '0'
}

/** The card of a CUDA device as it is now. Throws `DeviceMissing`. */
export async function findCard(device: Device): Promise<Card> {
  if (process.platform === 'darwin') {
    throw new DeviceMissing(device, {
      reason: 'unsupported',
      problem: 'CUDA does not exist on macOS',
      remedy: 'Use webgpu, which drives the card of this computer',
    })
  }
  const query = ['--query-gpu=name,driver_version,memory.free', '--format=csv,noheader,nounits']
  let lines: string[]
  try {
    const { stdout } = await promisify(execFile)('nvidia-smi', query, { timeout: 10_000 })
    lines = stdout.trim().split('\n')
  } catch (error) {
    const isAbsent = errorCode(error) === 'ENOENT'
    throw new DeviceMissing(device, {
      reason: 'no-card',
      problem: isAbsent ? 'there is no NVIDIA driver (nvidia-smi is not found)' : 'nvidia-smi finds no card',
      remedy: 'Install the driver of your NVIDIA card; for cards of other makes use webgpu',
    })
  }
  const line = lines.at(Number(cardNumber(device)))
  if (line === undefined) {
    throw new DeviceMissing(device, {
      reason: 'no-card',
      problem: `the last of the NVIDIA cards here is cuda:${lines.length - 1}`,
      remedy: 'Use one of those',
    })
  }
  const [name, driver, free] = line.split(',').map((part) => part.trim())
  return { name, driver, freeBytes: Number(free) * 2 ** 20 }
}
