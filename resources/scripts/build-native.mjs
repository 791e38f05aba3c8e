/**
 * Builds the CPU trainer's kernels for this machine: the sources of sparse.wasm as a Node-API addon,
 * resources/kernels/native/sparse-<platform>-<arch>.node. Results are the same bits, only sooner; without a C compiler
 * nothing is missing but speed.
 *
 *   node resources/scripts/build-native.mjs            builds when it is missing or older than its sources; says what fails
 *   node resources/scripts/build-native.mjs --force    builds in any case
 *
 * The compiler is $CC, clang, cc or gcc, whichever works first.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { createRequire } from 'node:module'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = resolve(import.meta.dirname, '../..')
const sourceFolder = join(root, 'src-main/engine/trainer/sparse/kernels')
const twin = join(root, 'resources/kernels/sparse.wasm')
const targetFolder = join(root, 'resources/kernels/native')
const target = join(targetFolder, `sparse-${process.platform}-${process.arch}.node`)

/**
 * Flags of each kind of processor; native/addon.c chooses between them when it is loaded. What AVX-512 brings is twice the
 * registers: vectors keep the eight lanes that fix the order of sums.
 * @type {Record<string, string[]>}
 */
const levels =
  process.arch === 'x64'
    ? { avx512: ['-mavx512f', '-mavx512vl', '-mprefer-vector-width=256'], avx2: ['-mavx2'], sse2: [] }
    : process.arch === 'arm64'
      ? { neon: [] }
      : { generic: [] }
/** The one whose vectors are narrower than eight floats. */
const narrowLevel = Object.keys(levels).at(-1)

const flags = [
  '-std=gnu17',
  '-O3',
  '-fPIC',
  // A fused multiply-add would round once instead of twice, and not on every machine.
  '-ffp-contract=off',
  // The heap holds floats, integers and vectors that JavaScript wrote.
  '-fno-strict-aliasing',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Werror',
  // No vector crosses a function boundary.
  '-Wno-psabi',
]

/** Whether the addon is missing or older than what it is made of. */
function isStale() {
  if (!existsSync(target)) return true
  const sources = readdirSync(sourceFolder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  const files = [...sources.map((entry) => join(entry.parentPath, entry.name)), twin, import.meta.filename]
  return files.some((file) => statSync(file).mtimeMs > statSync(target).mtimeMs)
}

/**
 * Builds the addon where it is stale.
 *
 * @param {boolean} [force]
 * @returns {string | null} why there is none, or null
 */
export function buildNative(force = false) {
  if (!force && !isStale()) return null
  if (process.platform === 'win32') return 'there is no native build on Windows'
  const headers = findHeaders()
  if (headers === null) return `node_api.h is neither beside ${process.execPath} nor in the package node-api-headers`
  const reasons = []
  for (const compiler of new Set([process.env['CC'] ?? 'clang', 'clang', 'cc', 'gcc'])) {
    const reason = buildWith(compiler, headers)
    if (reason === null) return null
    reasons.push(reason)
  }
  return reasons.join('\n')
}

/**
 * @param {string} compiler
 * @param {string} headers
 * @returns {string | null} what went wrong
 */
function buildWith(compiler, headers) {
  mkdirSync(targetFolder, { recursive: true })
  // Beside the target, so that the finished file can be renamed into place.
  const folder = mkdtempSync(join(targetFolder, 'unfinished-'))
  try {
    const digest = createHash('sha256').update(readFileSync(twin)).digest('hex')
    const units = [
      ...Object.entries(levels).map(([name, own]) => ({ name, source: 'level.c', own: [`-DLEVEL=${name}`, ...own] })),
      {
        name: 'addon',
        source: 'addon.c',
        own: [`-DTWIN="${digest}"`, `-DNARROW_LEVEL=${narrowLevel}`, `-I${headers}`],
      },
    ]
    const objects = units.map(({ name }) => join(folder, `${name}.o`))
    const product = join(folder, 'sparse.node')
    const shared = process.platform === 'darwin' ? ['-bundle', '-undefined', 'dynamic_lookup'] : ['-shared']
    const commands = [
      ...units.map(({ source, own }, index) => [
        ...flags,
        ...own,
        '-c',
        join(sourceFolder, 'native', source),
        '-o',
        objects[index],
      ]),
      [...shared, ...objects, '-o', product],
    ]
    for (const command of commands) {
      const { error, status, stderr } = spawnSync(compiler, command, { encoding: 'utf8' })
      if (error !== undefined) return `${compiler}: ${error.message}`
      if (status !== 0) return `${compiler}: ${stderr.trim()}`
    }
    renameSync(product, target)
    return null
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

/** The folder of node_api.h: Node's own, or that of the package node-api-headers. */
export function findHeaders() {
  const own = resolve(process.execPath, '../../include/node')
  if (existsSync(join(own, 'node_api.h'))) return own
  try {
    return join(createRequire(import.meta.url).resolve('node-api-headers/package.json'), '../include')
  } catch {
    return null
  }
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  const reason = buildNative(process.argv.includes('--force'))
  if (reason === null) console.log(`${target} is up to date`)
  else {
    console.error(reason)
    process.exitCode = 1
  }
}
