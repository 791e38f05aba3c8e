// Builds `out/` where it is missing or older than its sources. `--quiet` is for `npm ci`: one line at most, and a failed
// build does not fail the installation (`npm start` builds again and shows why).
import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { buildNative } from './build-native.mjs'

const project = resolve(import.meta.dirname, '../..')
const sources = [
  'src-main',
  'src-renderer',
  'electron.vite.config.ts',
  'svelte.config.js',
  'tsconfig.json',
  'package-lock.json',
]
const products = ['out/main/index.js', 'out/main/cli.js', 'out/preload/index.cjs', 'out/renderer/index.html']

/** Whether a product of the build is missing or older than a source. */
export function isStale(folder = project) {
  const built = products.map((name) => modified(join(folder, name)))
  return Math.min(...built) < Math.max(...sources.map((name) => newest(join(folder, name))))
}

/**
 * Runs the build; true when it went well.
 * @param {boolean} quiet
 */
export function build(quiet) {
  const program = join(createRequire(import.meta.url).resolve('electron-vite/package.json'), '../bin/electron-vite.js')
  const result = spawnSync(process.execPath, [program, 'build', ...(quiet ? ['--logLevel', 'error'] : [])], {
    cwd: project,
    stdio: quiet ? ['ignore', 'ignore', 'ignore'] : 'inherit',
  })
  return result.status === 0
}

/** @param {string} file */
function modified(file) {
  return existsSync(file) ? statSync(file).mtimeMs : Number.NEGATIVE_INFINITY
}

/** @param {string} path */
function newest(path) {
  if (!existsSync(path) || !statSync(path).isDirectory()) return modified(path)
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return Math.max(...files.map((entry) => modified(join(entry.parentPath, entry.name))))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const quiet = process.argv.includes('--quiet')
  // Training is the same without these kernels, only slower.
  const missing = buildNative()
  if (missing !== null && process.argv.includes('--verbose'))
    console.error(`no native kernels: ${missing.split('\n')[0]}`)
  if (!quiet) {
    process.exitCode = build(false) ? 0 : 1
  } else if (existsSync(join(project, 'node_modules/electron-vite')) && isStale() && !build(true)) {
    console.error('Espalier is not built yet; npm run build shows why.')
  }
}
