import { join, resolve } from 'node:path'
import envPaths from 'env-paths'

/** Where sessions and data sets live; the desktop app and the command line share it. */
export interface DataHome {
  readonly folder: string
  readonly sessionsFolder: string
  readonly datasetsFolder: string
}

/** The data home: `ESPALIER_HOME` where set, else the platform's folder for application data. */
export function dataHome(folder = process.env['ESPALIER_HOME'] ?? ''): DataHome {
  const home = folder === '' ? envPaths('espalier', { suffix: '' }).data : resolve(folder)
  return { folder: home, sessionsFolder: join(home, 'sessions'), datasetsFolder: join(home, 'datasets') }
}
