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

/** Path of a library that comes with the application and that the system loads. */
export function libraryPath(...parts: string[]): string {
  return outsideArchive(resourcePath(...parts))
}

/**
 * Where a file of the application archive lies outside of it: a packaged application keeps libraries beside the archive,
 * because the system cannot read what is inside. The path itself when there is no such file.
 */
export function outsideArchive(path: string): string {
  const unpacked = path.replace(/([\\/])app\.asar([\\/])/, '$1app.asar.unpacked$2')
  return existsSync(unpacked) ? unpacked : path
}

/** The built script of the threads that train clients. */
export function trainingWorkerUrl(): URL {
  return pathToFileURL(join(applicationFolder(), 'out', 'main', 'training-worker.js'))
}

/** The built script of the process that drives a device. */
export function deviceProcessPath(): string {
  return join(applicationFolder(), 'out', 'main', 'device-process.js')
}
