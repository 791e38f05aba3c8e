import { readFileSync } from 'node:fs'
import { mkdir } from 'node:fs/promises'
import { isAbsolute, join, resolve } from 'node:path'
import envPaths from 'env-paths'
import { z } from 'zod'
import type { DataFolder } from '../contract/commands'
import { writeJson } from './json-file'

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

const place = z.string().refine(isAbsolute).optional()
const placesSchema = z.object({ sessions: place, datasets: place })
type Places = z.output<typeof placesSchema>

/** The data home: `ESPALIER_HOME` where set, else the platform's folder for application data; in it `folders.json` may name other places. */
export function dataHome(folder = process.env['ESPALIER_HOME'] ?? ''): DataHome {
  const home = folder === '' ? envPaths('espalier', { suffix: '' }).data : resolve(folder)
  const tensorflow = process.env['ESPALIER_TENSORFLOW'] ?? ''
  const places = readPlaces(home)
  return {
    folder: home,
    sessionsFolder: places.sessions ?? join(home, 'sessions'),
    datasetsFolder: places.datasets ?? join(home, 'datasets'),
    tensorflowFolder: tensorflow === '' ? join(home, 'tensorflow') : resolve(tensorflow),
    devicesFile: join(home, 'devices.json'),
  }
}

/** Keeps sessions or data sets at another absolute path from the next start on; null is the default one. */
export async function setDataFolder(
  { folder: home }: DataHome,
  folder: DataFolder,
  path: string | null,
): Promise<void> {
  if (path !== null) await mkdir(path, { recursive: true })
  await mkdir(home, { recursive: true })
  await writeJson(placesFile(home), { ...readPlaces(home), [folder]: path ?? undefined })
}

function placesFile(home: string): string {
  return join(home, 'folders.json')
}

function readPlaces(home: string): Places {
  try {
    return placesSchema.parse(JSON.parse(readFileSync(placesFile(home), 'utf8')))
  } catch {
    // Missing unless the user has chosen; one that cannot be read must not keep the application from starting.
    return {}
  }
}
