/**
 * Runs an application folder: `electron [-r module]… [--version] <folder> [arguments]`, as Electron's own default_app does.
 * Electron waits for the top-level await below before it says that it is ready.
 */
import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { app } from 'electron'

const require = createRequire(import.meta.url)
const preloads = []
let folder
for (let index = 1; index < process.argv.length; index += 1) {
  const argument = process.argv[index]
  if (argument === '--version') {
    console.log(`v${process.versions.electron}`)
    process.exit(0)
  } else if (argument === '-r' || argument === '--require') {
    index += 1
    preloads.push(process.argv[index])
  } else if (!argument.startsWith('-')) {
    folder = resolve(argument)
    break
  }
}

if (folder === undefined) {
  console.error('electron: name the folder of an application')
  process.exit(1)
}

Object.assign(process, { defaultApp: true })
for (const preload of preloads) require(resolve(preload))
/** @type {{ name: string, productName?: string, version: string, main?: string }} */
const description = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
app.setName(description.productName ?? description.name)
// Two functions that Electron keeps for its default_app and leaves out of its types.
const inner = /** @type {{ setVersion(version: string): void, setAppPath(path: string): void }} */ (
  /** @type {unknown} */ (app)
)
inner.setVersion(description.version)
inner.setAppPath(folder)
await import(pathToFileURL(join(folder, description.main ?? 'index.js')).href)
