import { readFileSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join } from 'node:path'

/** Folder of an npm package; null where it is not installed. */
export function packageFolder(name: string): string | null {
  const { resolve } = createRequire(import.meta.url)
  const places = resolve.paths(name) ?? []
  for (const place of places) {
    const folder = join(place, ...name.split('/'))
    try {
      packageVersion(folder)
      return folder
    } catch {
      // Not in this one.
    }
  }
  return null
}

/** Version of the npm package in a folder. */
export function packageVersion(folder: string): string {
  return (JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { version: string }).version
}
