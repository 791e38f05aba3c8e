// `npm test`: every check and every test suite, one after the other. What this machine cannot run is skipped, with the
// reason printed. The last line is the sum: "N passed, N failed" and ", N skipped" when there are any.
// `npm test -- vitest e2e` runs the named suites only.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rm } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { findRuntime } from '../resources/scripts/runtime/find.mjs'
import { missingLibraries } from '../resources/scripts/runtime/obstacles.mjs'
import { inPath, virtualScreen } from './virtual-screen.mjs'

const project = resolve(import.meta.dirname, '..')
const output = join(project, 'test/output/results')
const chromiumNames = ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome']

/**
 * @typedef {{ passed: number, failed: number, skipped: number }} Counts
 * @typedef {{ code: number, text: string }} Ended
 */

/** @type {Record<string, () => Promise<Counts>>} */
const suites = {
  eslint: () => check('eslint', ['.', '--max-warnings', '0']),
  prettier: () => check('prettier', ['--check', '.']),
  types: () => check('tsc', ['-p', '.', '--noEmit']),
  svelte: () => check('svelte-check', ['--tsconfig', './tsconfig.json', '--fail-on-warnings']),
  knip: () => check('knip', []),
  build: () => check('electron-vite', ['build', '--logLevel', 'warn']),
  kernels,
  vitest,
  renderer,
  e2e,
  package: packaged,
  faults,
}

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !(name in suites))
if (unknown.length > 0) {
  console.error(`there is no suite ${unknown.join(', ')}; there are ${Object.keys(suites).join(', ')}`)
  process.exit(2)
}
await rm(output, { recursive: true, force: true })
await mkdir(output, { recursive: true })

/** @type {Counts} */
const total = { passed: 0, failed: 0, skipped: 0 }
for (const [name, run] of Object.entries(suites)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue
  console.log(`\n── ${name}`)
  const started = Date.now()
  const counts = await run()
  console.log(`── ${name}: ${sum(counts)} (${Math.round((Date.now() - started) / 1000)} s)`)
  for (const key of /** @type {const} */ (['passed', 'failed', 'skipped'])) total[key] += counts[key]
}
process.exitCode = total.failed === 0 ? 0 : 1
console.log(`\n${sum(total)}`)

/** @param {Counts} counts */
function sum({ passed, failed, skipped }) {
  return `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`
}

/**
 * Runs a tool of node_modules; it counts as one test.
 * @param {string} tool
 * @param {string[]} options
 */
async function check(tool, options) {
  const { code } = await run(bin(tool), options)
  return code === 0 ? { passed: 1, failed: 0, skipped: 0 } : { passed: 0, failed: 1, skipped: 0 }
}

/** The committed kernels are what their sources give; needs the pinned compiler, fetched once. */
async function kernels() {
  const { code, text } = await run(process.execPath, ['resources/scripts/build-kernels.mjs', '--check'])
  if (code === 0) return { passed: 1, failed: 0, skipped: 0 }
  if (/ENOTFOUND|EAI_AGAIN|ECONNREFUSED|ECONNRESET|ETIMEDOUT|ENETUNREACH/.test(text)) {
    return skip('the pinned compiler is not in the cache and no package registry answers', 1)
  }
  return { passed: 0, failed: 1, skipped: 0 }
}

async function vitest() {
  const file = join(output, 'vitest.json')
  const options = ['run', '--reporter=default', '--reporter=json', `--outputFile=${file}`]
  const { code } = await run(bin('vitest'), options)
  return reported(code, await vitestCounts(file))
}

/**
 * What a report of vitest counts.
 * @param {string} file
 * @returns {Promise<Counts>}
 */
async function vitestCounts(file) {
  /** @type {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number } | null} */
  const report = await readReport(file)
  return {
    passed: report?.numPassedTests ?? 0,
    failed: report?.numFailedTests ?? 0,
    skipped: (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0),
  }
}

/** The window's page in Chromium, with a stand-in for the engine. */
async function renderer() {
  const config = 'test/renderer/playwright.config.ts'
  const chromium = process.env['ESPALIER_CHROMIUM'] ?? chromiumNames.map(inPath).find((path) => path !== null)
  if (chromium === undefined) {
    return skip('there is no Chromium (install chromium, or name one in ESPALIER_CHROMIUM)', await countTests(config))
  }
  return playwright('renderer', config, { ESPALIER_CHROMIUM: chromium })
}

/** The application in a real window. */
function e2e() {
  return inWindow('e2e', (runtime) => Promise.resolve({ ESPALIER_ELECTRON: runtime.executable }))
}

/** The application as it is installed: one archive, its fuses blown. */
function packaged() {
  return inWindow('package', async () => {
    const { code } = await run(process.execPath, ['resources/scripts/package.mjs', '--unpacked'])
    return code === 0 ? {} : null
  })
}

/** Kills, full disks and damaged files: a short selection with a fixed seed; `npm run faults` makes it longer. */
async function faults() {
  if (!existsSync(join(project, 'out/main/index.js'))) return skip('the application is not built', 1)
  const file = join(output, 'faults.json')
  const { code } = await run(process.execPath, ['test/faults/run.mjs', '--report', file])
  return reported(code, await vitestCounts(file))
}

/**
 * Runs a suite that opens windows. `prepare` gives its environment, or null where it fails.
 * @param {string} name
 * @param {(runtime: { executable: string }) => Promise<NodeJS.ProcessEnv | null>} prepare
 * @returns {Promise<Counts>}
 */
async function inWindow(name, prepare) {
  const config = `test/${name}/playwright.config.ts`
  if (!existsSync(join(project, 'out/main/index.js')))
    return skip('the application is not built', await countTests(config))
  const runtime = await findRuntime((line) => {
    console.log(line)
  })
  if ('reason' in runtime) return skip(runtime.reason, await countTests(config))
  const missing = missingLibraries(runtime.executable)
  if (missing !== null) return skip(missing, await countTests(config))
  console.log(`the window is opened by ${runtime.description}`)
  const environment = await prepare(runtime)
  if (environment === null) return { passed: 0, failed: 1, skipped: 0 }
  if (process.platform !== 'linux') return playwright(name, config, environment)
  const screen = await virtualScreen()
  if (screen === null && !process.env['DISPLAY']) {
    return skip('there is no display and no Xvfb (install xvfb)', await countTests(config))
  }
  try {
    return await playwright(name, config, screen === null ? environment : { ...environment, DISPLAY: screen.display })
  } finally {
    screen?.close()
  }
}

/**
 * @param {string} name
 * @param {string} config
 * @param {NodeJS.ProcessEnv} environment
 */
async function playwright(name, config, environment) {
  const file = join(output, `${name}.json`)
  const { code } = await run(bin('playwright'), ['test', '-c', config, '--reporter=list,json'], {
    ...environment,
    PLAYWRIGHT_JSON_OUTPUT_FILE: file,
  })
  /** @type {{ stats: { expected: number, unexpected: number, flaky: number, skipped: number } } | null} */
  const report = await readReport(file)
  const { expected = 0, unexpected = 0, flaky = 0, skipped = 0 } = report?.stats ?? {}
  return reported(code, { passed: expected, failed: unexpected + flaky, skipped })
}

/**
 * A suite that ends badly has failed, even where its report counts no failed test (a file that could not be loaded).
 * @param {number} code
 * @param {Counts} counts
 */
function reported(code, counts) {
  const ranNothing = counts.passed + counts.failed + counts.skipped === 0
  return (code !== 0 && counts.failed === 0) || ranNothing ? { ...counts, failed: counts.failed + 1 } : counts
}

/**
 * @param {string} reason
 * @param {number} tests
 */
function skip(reason, tests) {
  console.log(`skipped ${tests}: ${reason}`)
  return { passed: 0, failed: 0, skipped: tests }
}

/**
 * How many tests a Playwright suite has; at least one, so that a skipped suite shows in the sum.
 * @param {string} config
 */
async function countTests(config) {
  const { text } = await run(bin('playwright'), ['test', '-c', config, '--list'])
  return Number(/Total: (\d+) test/.exec(text)?.[1] ?? 1)
}

/**
 * Runs a program in the project, showing and keeping what it prints.
 * @param {string} program
 * @param {string[]} options
 * @param {NodeJS.ProcessEnv} [environment]
 * @returns {Promise<Ended>}
 */
async function run(program, options, environment = {}) {
  const child = spawn(program, options, {
    cwd: project,
    env: { FORCE_COLOR: process.stdout.isTTY ? '1' : '0', ...process.env, ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let text = ''
  for (const [from, to] of /** @type {const} */ ([
    [child.stdout, process.stdout],
    [child.stderr, process.stderr],
  ])) {
    from.on('data', (/** @type {Buffer} */ bytes) => {
      text += bytes.toString()
      to.write(bytes)
    })
  }
  await once(child, 'close')
  return { code: child.exitCode ?? 1, text }
}

/** @param {string} tool */
function bin(tool) {
  return join(project, 'node_modules/.bin', process.platform === 'win32' ? `${tool}.cmd` : tool)
}

/** @param {string} file */
async function readReport(file) {
  return existsSync(file) ? JSON.parse(await readFile(file, 'utf8')) : null
}
