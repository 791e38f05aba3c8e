import { freemem } from 'node:os'
import { createRequire } from 'node:module'
import { join } from 'node:path'
import * as tf from '@tensorflow/tfjs-core'
import type { Device } from '../../contract/devices'
import { messageOf } from '../../contract/errors'
import { processorName } from '../processor'
import { neverLost, type Backend } from './backend'
import { DeviceMissing } from './device-errors'
import { cardNumber, findCard, locateTensorflow, setupCommand } from './locate-tensorflow'
import { repairNodeUtil } from './node-util-repair'
import { packageVersion } from './packages'

/** What is used of the native part. */
interface Binding {
  readonly TF_Version: string
}

type NodeBackend = tf.KernelBackend & { readonly isUsingGpuDevice?: boolean }

interface BackendModule {
  readonly NodeJSKernelBackend: new (binding: Binding, packageName: string) => NodeBackend
}

/** Opens TensorFlow through its Node binding, on a CUDA card or without one. Throws `DeviceMissing`. */
export async function openTensorflow(device: Device, setupFolder: string): Promise<Backend> {
  const { card, packageName, packageFolder, binding: path } = await locateTensorflow(device, setupFolder)
  process.env['CUDA_VISIBLE_DEVICES'] = card === null ? '-1' : cardNumber(device)
  // Else it takes all memory of the card at once, whoever else uses it.
  process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true'
  // Its notes on processor features tell a user nothing; errors still come.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2'
  repairNodeUtil()
  const load = createRequire(join(packageFolder, 'package.json'))
  let binding: Binding
  let backend: NodeBackend
  try {
    load('./dist/register_all_kernels')
    const { NodeJSKernelBackend } = load('./dist/nodejs_kernel_backend') as BackendModule
    binding = load(path) as Binding
    backend = new NodeJSKernelBackend(binding, packageName)
  } catch (error) {
    throw new DeviceMissing(device, {
      reason: 'failed',
      problem: `${path} cannot be loaded (${messageOf(error)})`,
      remedy: `Set it up anew: ${setupCommand(device)}${card === null ? ' --' : ''} --force`,
    })
  }
  if (card !== null && backend.isUsingGpuDevice !== true) {
    throw new DeviceMissing(device, {
      reason: 'failed',
      problem: `TensorFlow ${binding.TF_Version} cannot use the card ${card.name}`,
      remedy: 'It needs the CUDA and cuDNN libraries of its version in the library path; README.md says which',
    })
  }
  tf.registerBackend('tensorflow', () => backend, 3)
  await tf.setBackend('tensorflow')
  return {
    describe: async () => ({
      trainer: `tfjs/tensorflow ${binding.TF_Version}${card === null ? '' : ' CUDA'}`,
      hardware: card?.name ?? processorName(),
      versions: {
        tensorflow: binding.TF_Version,
        [packageName]: packageVersion(packageFolder),
        ...(card === null ? {} : { 'NVIDIA driver': card.driver }),
      },
      freeBytes: card === null ? freemem() : (await findCard(device)).freeBytes,
      isEmulated: false,
    }),
    mostTensorBytes: null,
    lost: neverLost,
  }
}
