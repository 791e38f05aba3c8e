/**
 * Builds the CPU trainer's kernels: src-main/engine/trainer/sparse/kernels/*.c → resources/kernels/sparse.wasm.
 *
 *   node resources/scripts/build-kernels.mjs            writes the file
 *   node resources/scripts/build-kernels.mjs --check    exits 1 when the committed file is not what the sources give
 *
 * The compiler is LLVM compiled to WebAssembly, one version with one checksum, so every machine gives the same bytes.
 * It is large (27 MB) and needed by nobody who does not change a kernel, so it is fetched here and not a dependency.
 */
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { readdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import pacote from 'pacote'

/**
 * @typedef {(bytes: Uint8Array | null) => void} OutputStream
 * @typedef {{ stdout?: OutputStream, stderr?: OutputStream, fetchProgress?: () => void }} RunOptions
 * @typedef {Record<string, string | Uint8Array>} Files
 * @typedef {(args: string[] | null, files: Files, options: RunOptions) => Promise<Files>} RunClang
 */

const compilerPackage = {
  name: '@yowasp/clang',
  version: '22.0.0-git20542-10',
  integrity: 'sha512-V31/z9GrJECKeACTDUyvg2llbEUiFi3bxtL5HSg7H/6sydSxdI/AoVAD9F5ozrfLjotWl0B9rghR87m+DUM/zg==',
}

const root = resolve(import.meta.dirname, '../..')
const sourceFolder = join(root, 'src-main/engine/trainer/sparse/kernels')
const target = join(root, 'resources/kernels/sparse.wasm')
const cacheFolder = join(root, 'node_modules/.cache/espalier-kernel-compiler')

const flags = [
  '--target=wasm32',
  '-std=c17',
  '-O3',
  '-msimd128',
  // A fused multiply-add would round once instead of twice, and not on every machine.
  '-ffp-contract=off',
  '-ffreestanding',
  '-fno-builtin',
  '-nostdlib',
  // The heap starts at address 0.
  '-fno-delete-null-pointer-checks',
  '-fvisibility=hidden',
  '-Wall',
  '-Wextra',
  '-Werror',
  '-Wl,--no-entry',
  '-Wl,--strip-all',
  '-Wl,--export=__heap_base',
  // 1 GiB less one page, as kernels.ts says.
  '-Wl,--max-memory=1073676288',
]

const compiled = await compile(await loadCompiler())
if (process.argv.includes('--check')) await check(compiled)
else await write(compiled)

/**
 * The compiler, fetched once into the cache.
 *
 * @returns {Promise<RunClang>}
 */
async function loadCompiler() {
  const { name, version, integrity } = compilerPackage
  const folder = join(cacheFolder, version)
  if (!existsSync(folder)) {
    const unfinished = `${folder}.${process.pid}.tmp`
    console.error(`fetching ${name} ${version}`)
    await pacote.extract(`${name}@${version}`, unfinished, { integrity, cache: join(cacheFolder, 'downloads') })
    await rename(unfinished, folder)
    await rm(join(cacheFolder, 'downloads'), { recursive: true, force: true })
  }
  const { runClang } = /** @type {{ runClang: RunClang }} */ (
    await import(pathToFileURL(join(folder, 'gen/bundle.js')).href)
  )
  // Loads its own files without progress messages.
  await runClang(null, {}, { fetchProgress: () => undefined })
  return runClang
}

/** @param {RunClang} runClang */
async function compile(runClang) {
  const names = (await readdir(sourceFolder)).filter((name) => /\.[ch]$/.test(name)).sort()
  /** @type {Files} */
  const files = {}
  for (const name of names) files[name] = await readFile(join(sourceFolder, name), 'utf8')
  const units = names.filter((name) => name.endsWith('.c'))
  let messages = ''
  /** @param {Uint8Array | null} bytes */
  const gather = (bytes) => {
    if (bytes !== null) messages += Buffer.from(bytes).toString()
  }
  try {
    const output = await runClang(['clang', ...flags, ...units, '-o', 'sparse.wasm'], files, {
      stdout: gather,
      stderr: gather,
    })
    return Buffer.from(output['sparse.wasm'])
  } catch (error) {
    if (messages === '') throw error
    console.error(messages)
    process.exit(1)
  }
}

/** @param {Buffer} bytes */
async function write(bytes) {
  await writeFile(`${target}.tmp`, bytes)
  await rename(`${target}.tmp`, target)
  console.log(`${target}: ${bytes.length} bytes, sha256 ${digest(bytes)}`)
}

/** @param {Buffer} bytes */
async function check(bytes) {
  const committed = await readFile(target)
  if (committed.equals(bytes)) {
    console.log(`${target} is what its sources give (sha256 ${digest(bytes)})`)
    return
  }
  console.error(`${target} differs from its sources: sha256 ${digest(committed)}, built ${digest(bytes)}`)
  console.error('run: node resources/scripts/build-kernels.mjs')
  process.exitCode = 1
}

/** @param {Buffer} bytes */
function digest(bytes) {
  return createHash('sha256').update(bytes).digest('hex')
}
