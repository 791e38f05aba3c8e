import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'

/**
 * The folder that holds package.json, resources/ and out/: the checkout, or the application archive. Found upwards from
 * this module, because the build may put its code into any file below out/.
 */
function applicationFolder(): string {
  for (let folder = import.meta.dirname; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder
    if (dirname(folder) === folder) throw new Error(`no package.json above ${import.meta.dirname}`)
  }
}

/** Path of a file that comes with the application. */
export function resourcePath(...parts: string[]): string {
  return join(applicationFolder(), 'resources', ...parts)
}

/** The built script of the threads that train clients. */
export function trainingWorkerUrl(): URL {
  return pathToFileURL(join(applicationFolder(), 'out', 'main', 'training-worker.js'))
}
