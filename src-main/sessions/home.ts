import { join, resolve } from 'node:path'
import envPaths from 'env-paths'

/** Where sessions and data sets live; the desktop app and the command line share it. */
export interface DataHome {
  readonly folder: string
  readonly sessionsFolder: string
  readonly datasetsFolder: string
  /** The native part of TensorFlow, where it was set up: `ESPALIER_TENSORFLOW` where set. */
  readonly tensorflowFolder: string
  /** What is known of the devices of this computer. */
  readonly devicesFile: string
}

/** The data home: `ESPALIER_HOME` where set, else the platform's folder for application data. */
export function dataHome(folder = process.env['ESPALIER_HOME'] ?? ''): DataHome {
  const home = folder === '' ? envPaths('espalier', { suffix: '' }).data : resolve(folder)
  const tensorflow = process.env['ESPALIER_TENSORFLOW'] ?? ''
  return {
    folder: home,
    sessionsFolder: join(home, 'sessions'),
    datasetsFolder: join(home, 'datasets'),
    tensorflowFolder: tensorflow === '' ? join(home, 'tensorflow') : resolve(tensorflow),
    devicesFile: join(home, 'devices.json'),
  }
}
