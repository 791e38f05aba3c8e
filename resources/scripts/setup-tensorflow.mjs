/**
 * Sets up the native part of TensorFlow.js for this user, for the devices `tensorflow-cpu` and `cuda`:
 *
 *   npm run setup:tensorflow                   without a card
 *   npm run setup:tensorflow -- --gpu          for CUDA cards
 *   npm run setup:tensorflow -- --version V    another TensorFlow of the Python index
 *   npm run setup:tensorflow -- --from pypi    does not try the official download first (or: --from official)
 *   npm run setup:tensorflow -- --force        anew
 *
 * First it tries the official download with the install script of the npm package (TensorFlow 2.9.1). Where that cannot be
 * reached, it takes libtensorflow out of the Python wheel and builds the package's unchanged binding against it, which needs
 * pip, a C++ compiler and Node's headers. Nothing needs root; it goes to the data folder (ESPALIER_HOME, ESPALIER_TENSORFLOW).
 */
import { spawn } from 'node:child_process'
import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createReadStream, createWriteStream, existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises'
import { delimiter, dirname, join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'
import { parseArgs } from 'node:util'
import envPaths from 'env-paths'
import { lock } from 'proper-lockfile'
import yauzl from 'yauzl'
import { findHeaders } from './build-native.mjs'

/** The binding was built against and trained with 2.12.1, 2.14.1, 2.16.1, 2.18.1, 2.20.0 and 2.21.0. */
const defaultVersion = '2.18.1'
/** A Python for which every one of these versions has a wheel; no Python of that version need be here. */
const pythonVersions = ['3.11', '3.12']
const officialPatienceMilliseconds = 15 * 60_000
const project = resolve(import.meta.dirname, '../..')
const bindingPath = join('lib', 'napi-v8', 'tfjs_binding.node')

const { values: flags } = parseArgs({
  options: {
    gpu: { type: 'boolean', default: false },
    version: { type: 'string' },
    from: { type: 'string' },
    force: { type: 'boolean', default: false },
  },
})
if (flags.from !== undefined && !['official', 'pypi'].includes(flags.from)) {
  fail(`--from: "${flags.from}" is not allowed; allowed: official, pypi`)
}
if (flags.version !== undefined && !/^\d+\.\d+\.\d+$/.test(flags.version)) {
  fail(`--version: "${flags.version}" is not allowed; allowed: a version such as ${defaultVersion}`)
}
const packageName = flags.gpu ? '@tensorflow/tfjs-node-gpu' : '@tensorflow/tfjs-node'
const packageFolder = join(project, 'node_modules', packageName)
if (!existsSync(packageFolder)) fail(`The npm package ${packageName} is not installed; run npm install and try again.`)
const packageVersion = JSON.parse(await readFile(join(packageFolder, 'package.json'), 'utf8')).version

const home = process.env['ESPALIER_HOME'] || envPaths('espalier', { suffix: '' }).data
const parent = resolve(process.env['ESPALIER_TENSORFLOW'] || join(home, 'tensorflow'))
const target = join(parent, flags.gpu ? 'gpu' : 'cpu')
await mkdir(parent, { recursive: true })
const release = await lock(parent, { retries: { forever: true, minTimeout: 1000, maxTimeout: 1000 }, stale: 30_000 })
try {
  const known = flags.force ? null : await setUpAlready()
  if (known !== null)
    console.log(`TensorFlow ${known.tensorflow} is set up already: ${target} (--force sets it up anew)`)
  else await setUp()
} finally {
  await release()
}

/** What is there, if it is what is asked for and computes. */
async function setUpAlready() {
  try {
    const about = JSON.parse(await readFile(join(target, 'about.json'), 'utf8'))
    const wanted = flags.version ?? about.tensorflow
    if (about.package !== packageVersion || about.tensorflow !== wanted) return null
    return (await tryOut(target)) === null ? null : about
  } catch {
    return null
  }
}

async function setUp() {
  /** @type {string[]} */
  const reasons = []
  // The official download is TensorFlow 2.9.1; who wants another one cannot get it there.
  const sources =
    flags.from === undefined ? (flags.version === undefined ? ['official', 'pypi'] : ['pypi']) : [flags.from]
  for (const source of sources) {
    const folder = await mkdtemp(join(parent, 'unfinished-'))
    try {
      const origin = source === 'official' ? await takeOfficial(folder) : await buildFromWheel(folder)
      const tensorflow = await tryOut(folder)
      if (tensorflow === null) throw new Error('what was set up does not compute')
      const about = { tensorflow, package: packageVersion, origin, setUp: new Date().toISOString() }
      await writeFile(join(folder, 'about.json'), `${JSON.stringify(about, null, 2)}\n`)
      await rm(target, { recursive: true, force: true })
      await rename(folder, target)
      console.log(`TensorFlow ${tensorflow} is set up: ${target}\nnpx espalier devices says what it does here.`)
      return
    } catch (error) {
      const reason = `${source}: ${error instanceof Error ? error.message : String(error)}`
      reasons.push(reason)
      console.log(`not possible from ${reason}`)
    } finally {
      await rm(folder, { recursive: true, force: true })
    }
  }
  fail(`TensorFlow could not be set up.\n${reasons.map((reason) => `  ${reason}`).join('\n')}`)
}

/**
 * The npm package's own install script, in a copy of the package so that a later npm ci does not undo it.
 * @param {string} folder
 */
async function takeOfficial(folder) {
  console.log(`trying the official download of ${packageName} ${packageVersion}…`)
  await cp(packageFolder, folder, { recursive: true, filter: (path) => !path.endsWith(join('tfjs-node', 'src')) })
  const modules = join(project, 'node_modules')
  const { code, output } = await run(process.execPath, ['scripts/install.js', flags.gpu ? 'gpu' : 'cpu', 'download'], {
    cwd: folder,
    timeout: officialPatienceMilliseconds,
    env: {
      ...process.env,
      NODE_PATH: modules,
      PATH: `${join(modules, '.bin')}${delimiter}${process.env['PATH'] ?? ''}`,
    },
  })
  if (code !== 0 || !existsSync(join(folder, bindingPath))) {
    throw new Error(errorLine(output, /Error: /) || `the install script ended with code ${code}`)
  }
  for (const name of await readdir(folder)) {
    if (!['lib', 'deps', 'LICENSE'].includes(name)) await rm(join(folder, name), { recursive: true, force: true })
  }
  return 'official download'
}

/** @param {string} folder */
async function buildFromWheel(folder) {
  if (process.platform !== 'linux' || !['x64', 'arm64'].includes(process.arch)) {
    throw new Error(`there is no recipe for ${process.platform} on ${process.arch}; it is for Linux on x64 and arm64`)
  }
  const headers = findHeaders()
  if (headers === null) {
    throw new Error(`node_api.h is neither beside ${process.execPath} nor in the package node-api-headers`)
  }
  const compiler = await firstThatRuns([process.env['CXX'], 'g++', 'clang++', 'c++'], ['--version'])
  if (compiler === null) throw new Error('there is no C++ compiler; install g++ or clang (Debian: build-essential)')
  const wheel = await downloadWheel(folder)
  await unpackWheel(wheel, folder)
  const digest = await sha256(wheel)
  await rm(wheel)
  const libraries = join(folder, 'deps', 'lib')
  await symlink('libtensorflow_cc.so.2', join(libraries, 'libtensorflow.so'))
  await symlink('libtensorflow_framework.so.2', join(libraries, 'libtensorflow_framework.so'))
  await mkdir(join(folder, dirname(bindingPath)), { recursive: true })
  const sources = join(packageFolder, 'binding')
  console.log(`building the binding with ${compiler}…`)
  const { code, output } = await run(
    compiler,
    [
      '-shared',
      '-fPIC',
      '-O2',
      '-std=c++17',
      '-w',
      '-DNAPI_VERSION=8',
      ...[headers, join(folder, 'deps', 'include'), packageFolder].map((path) => `-I${path}`),
      join(sources, 'tfjs_backend.cc'),
      join(sources, 'tfjs_binding.cc'),
      `-L${libraries}`,
      '-ltensorflow',
      '-ltensorflow_framework',
      '-Wl,-rpath,$ORIGIN/../../deps/lib',
      '-o',
      join(folder, bindingPath),
    ],
    { cwd: folder },
  )
  if (code !== 0) throw new Error(`the binding does not compile:\n${output.trim()}`)
  // Needed to build it, not to run it.
  await rm(join(folder, 'deps', 'include'), { recursive: true })
  return `Python wheel, SHA-256 ${digest}`
}

/**
 * Fetches the wheel with pip, which checks it against the index; its own cache spares a second download.
 * @param {string} folder
 */
async function downloadWheel(folder) {
  const name = flags.gpu ? 'tensorflow' : 'tensorflow-cpu'
  const version = flags.version ?? defaultVersion
  const pip = await findPip()
  if (pip === null) throw new Error('pip is not there; install it (Debian: python3-pip)')
  const machine = process.arch === 'x64' ? 'x86_64' : 'aarch64'
  console.log(`fetching ${name} ${version} with pip, 200 to 700 MB…`)
  let output = ''
  for (const python of pythonVersions) {
    const options = ['--no-deps', '--only-binary=:all:', '--implementation', 'cp', '--python-version', python]
    const platforms = ['manylinux_2_17', 'manylinux2014', 'manylinux_2_27', 'manylinux_2_28'].flatMap((tag) => [
      '--platform',
      `${tag}_${machine}`,
    ])
    const ended = await run(
      pip[0],
      [...pip.slice(1), 'download', ...options, ...platforms, '--dest', folder, `${name}==${version}`],
      { cwd: folder, shows: process.stdout.isTTY },
    )
    const wheel = (await readdir(folder)).find((file) => file.endsWith('.whl'))
    if (ended.code === 0 && wheel !== undefined) return join(folder, wheel)
    output = ended.output
  }
  throw new Error(`${name} ${version} cannot be fetched: ${errorLine(output, /^ERROR/)}`)
}

/**
 * Takes libraries and headers out of a wheel; each must have the SHA-256 that the wheel's own list gives it.
 * @param {string} wheel
 * @param {string} folder
 */
async function unpackWheel(wheel, folder) {
  console.log('unpacking and checking it…')
  /** @type {Map<string, string>} */
  const checksums = new Map()
  await eachEntry(wheel, async (name, open) => {
    if (!name.endsWith('.dist-info/RECORD')) return
    for (const line of (await text(await open())).split('\n')) {
      const match = /^"?(.*?)"?,sha256=([^,]+),/.exec(line)
      if (match !== null) checksums.set(match[1], match[2])
    }
  })
  await mkdir(join(folder, 'deps', 'lib'), { recursive: true })
  let libraries = 0
  await eachEntry(wheel, async (name, open) => {
    const library = /^tensorflow\/(libtensorflow_(?:cc|framework)\.so\.2)$/.exec(name)?.[1]
    const header = /^tensorflow\/include\/((?:[\w.+-]+\/)*[\w.+-]+)$/.exec(name)?.[1]
    if ((library === undefined && header === undefined) || name.includes('..')) return
    const path = join(folder, 'deps', library === undefined ? `include/${header}` : `lib/${library}`)
    await mkdir(dirname(path), { recursive: true })
    const hash = createHash('sha256')
    await pipeline(
      await open(),
      async function* (source) {
        for await (const bytes of source) {
          hash.update(bytes)
          yield bytes
        }
      },
      createWriteStream(path),
    )
    if (hash.digest('base64url') !== checksums.get(name)) throw new Error(`${name} is not what the wheel says it is`)
    if (library !== undefined) libraries++
  })
  if (libraries !== 2) throw new Error('the wheel has no libtensorflow_cc.so.2; TensorFlow 2.12 and newer have one')
}

/**
 * @param {string} archive
 * @param {(name: string, open: () => Promise<import('node:stream').Readable>) => Promise<void>} visit
 */
async function eachEntry(archive, visit) {
  const zip = await yauzl.openPromise(archive)
  try {
    for await (const entry of zip.eachEntry()) await visit(entry.fileName, () => zip.openReadStreamPromise(entry))
  } finally {
    zip.close()
  }
}

/**
 * Loads the binding in a process of its own and multiplies two matrices with it.
 * @param {string} folder
 * @returns {Promise<string | null>} TensorFlow's version; null where it does not work
 */
async function tryOut(folder) {
  const script = `
    const tf = require('@tensorflow/tfjs-core')
    require('${packageName}/dist/register_all_kernels')
    const { NodeJSKernelBackend } = require('${packageName}/dist/nodejs_kernel_backend')
    const binding = require(${JSON.stringify(join(folder, bindingPath))})
    tf.registerBackend('tensorflow', () => new NodeJSKernelBackend(binding, '${packageName}'))
    tf.setBackend('tensorflow').then(() => {
      const [sum] = tf.sum(tf.matMul(tf.ones([3, 4]), tf.ones([4, 5]))).dataSync()
      if (sum === 60) console.log('TensorFlow ' + binding.TF_Version)
    })`
  const { output } = await run(process.execPath, ['-e', script], {
    cwd: project,
    env: { ...process.env, CUDA_VISIBLE_DEVICES: '-1', TF_CPP_MIN_LOG_LEVEL: '2' },
  })
  return /^TensorFlow (\S+)$/m.exec(output)?.[1] ?? null
}

async function findPip() {
  for (const candidate of [['python3', '-m', 'pip'], ['pip3'], ['pip']]) {
    const { code } = await run(candidate[0], [...candidate.slice(1), '--version'], {})
    if (code === 0) return candidate
  }
  return null
}

/**
 * @param {(string | undefined)[]} programs
 * @param {string[]} options
 */
async function firstThatRuns(programs, options) {
  for (const program of programs) {
    if (program !== undefined && (await run(program, options, {})).code === 0) return program
  }
  return null
}

/**
 * @param {string} program
 * @param {string[]} options
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv, timeout?: number, shows?: boolean }} settings
 * @returns {Promise<{ code: number, output: string }>}
 */
async function run(program, options, { cwd, env, timeout, shows = false }) {
  const child = spawn(program, options, {
    ...(cwd === undefined ? {} : { cwd }),
    ...(env === undefined ? {} : { env }),
    ...(timeout === undefined ? {} : { timeout }),
    stdio: ['ignore', shows ? 'inherit' : 'pipe', 'pipe'],
  })
  let output = ''
  for (const stream of [child.stdout, child.stderr]) {
    stream?.on('data', (/** @type {Buffer} */ bytes) => {
      output += bytes.toString()
    })
  }
  try {
    await once(child, 'close')
    return { code: child.exitCode ?? 1, output }
  } catch (error) {
    return { code: 1, output: error instanceof Error ? error.message : String(error) }
  }
}

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256')
  await pipeline(createReadStream(file), hash)
  return hash.digest('hex')
}

/**
 * The line in which a program says what is wrong.
 * @param {string} output
 * @param {RegExp} sign
 */
function errorLine(output, sign) {
  const lines = output.trim().split('\n')
  return (lines.findLast((line) => sign.test(line)) ?? lines.at(-1) ?? '').trim()
}

/**
 * @param {string} message
 * @returns {never}
 */
function fail(message) {
  console.error(message)
  process.exit(1)
}
