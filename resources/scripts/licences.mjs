// The third-party notices: every package that a user of the built application runs, with its licence. Written as
// out/renderer/licences.json, which the page shows under Settings.
import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { init } from 'license-checker-rseidelsohn'

/**
 * @typedef {{ name: string, version: string, licence: string, text: string }} Notice
 */

/**
 * Writes the notices of the packages in the page's bundle, which its build has listed, and of those shipped beside it.
 *
 * @param {string} project folder of package.json
 */
export async function writeLicences(project) {
  const bundled = join(project, 'out/renderer/bundled-licences.json')
  const shipped = await promisify(init)({ start: project, production: true, excludePrivatePackages: true })
  /** @type {Notice[]} */
  const notices = Object.entries(shipped).map(([key, { licenses, licenseFile }]) => ({
    name: key.slice(0, key.lastIndexOf('@')),
    version: key.slice(key.lastIndexOf('@') + 1),
    licence: [licenses].flat().join(', '),
    text: licenseFile === undefined ? '' : readFileSync(licenseFile, 'utf8').trim(),
  }))
  /** @type {{ name: string, version: string, identifier: string | null, text: string | null }[]} */
  const inPage = JSON.parse(readFileSync(bundled, 'utf8'))
  for (const { name, version, identifier, text } of inPage)
    notices.push({ name, version, licence: identifier ?? 'see its text', text: text?.trim() ?? '' })
  const known = new Map(notices.map((notice) => [`${notice.name}@${notice.version}`, notice]))
  const sorted = [...known.values()].sort((a, b) => a.name.localeCompare(b.name) || a.version.localeCompare(b.version))
  writeFileSync(join(project, 'out/renderer/licences.json'), `${JSON.stringify(sorted, null, 1)}\n`)
  rmSync(bundled)
}
