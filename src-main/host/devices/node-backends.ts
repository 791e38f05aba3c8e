import { freemem } from 'node:os'
import * as tf from '@tensorflow/tfjs-core'
import { deviceKind, type Device } from '../../contract/devices'
import { processorName } from '../processor'
import { neverLost, type Backend } from './backend'
import { openDawn } from './dawn'
import { openTensorflow } from './tensorflow-backend'

/**
 * Opens the backend of a device in this Node process, which serves no other device. Throws `DeviceMissing`.
 *
 * @param tensorflowFolder where the native part of TensorFlow was set up
 */
export async function openNodeBackend(device: Device, tensorflowFolder: string): Promise<Backend> {
  const kind = deviceKind(device)
  switch (kind) {
    case 'cpu':
      throw new Error('the sparse trainer needs no backend')
    case 'tfjs-cpu':
      return openPlainJavaScript()
    case 'tensorflow-cpu':
    case 'cuda':
      return openTensorflow(device, tensorflowFolder)
    case 'webgpu':
      return openDawn(device)
  }
}

async function openPlainJavaScript(): Promise<Backend> {
  const { version_cpu: version } = await import('@tensorflow/tfjs-backend-cpu')
  await tf.setBackend('cpu')
  return {
    describe: () =>
      Promise.resolve({
        trainer: `tfjs/cpu ${version}`,
        hardware: processorName(),
        versions: { '@tensorflow/tfjs-backend-cpu': version },
        freeBytes: freemem(),
        isEmulated: false,
      }),
    mostTensorBytes: null,
    lost: neverLost,
  }
}
