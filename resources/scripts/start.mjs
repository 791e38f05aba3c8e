// `npm start`: opens the window where one can open, and runs the example ablation in the terminal where none can.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { resolve } from 'node:path'
import { build, isStale } from './build.mjs'
import { findRuntime } from './runtime/find.mjs'
import { acceptsNoSandbox, displayObstacle, missingLibraries } from './runtime/obstacles.mjs'

const project = resolve(import.meta.dirname, '../..')

if (isStale() && !build(false)) {
  console.error('Espalier could not be built; see above.')
  process.exit(1)
}
const reason = displayObstacle(process.platform, process.env, process.getuid?.()) ?? (await openWindow())
if (reason !== null) {
  console.log(`No window can open: ${reason}.`)
  console.log('The example ablation runs here instead (node out/main/cli.js example):')
  const child = spawn(process.execPath, [resolve(project, 'out/main/cli.js'), 'example'], { stdio: 'inherit' })
  process.exitCode = await follow(child)
}

/**
 * Opens the window and stays until it closes.
 * @returns {Promise<string | null>} why it did not open, or null
 */
async function openWindow() {
  const runtime = await findRuntime((line) => {
    console.log(`Espalier: ${line}`)
  })
  if ('reason' in runtime) return runtime.reason
  const missing = missingLibraries(runtime.executable)
  if (missing !== null) return missing
  const options = []
  if (acceptsNoSandbox(process.env)) options.push('--no-sandbox')
  if (!process.env['DISPLAY'] && process.env['WAYLAND_DISPLAY']) options.push('--ozone-platform=wayland')
  const child = spawn(runtime.executable, [...options, project, ...process.argv.slice(2)], {
    stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
  })
  // The application says so when its window is there: only then is a bad end the application's own.
  const state = { opened: false }
  child.on('message', (message) => {
    if (message !== 'window-open') return
    state.opened = true
    console.log(`Espalier has opened its window with ${runtime.description}.`)
  })
  const code = await follow(child)
  if (code === 0 || state.opened) {
    process.exitCode = code
    return null
  }
  return `Electron ended (${code}) before its window was there, see its words above`
}

/**
 * Waits for a child; signals go to it, and this process ends after it.
 * @param {import('node:child_process').ChildProcess} child
 * @returns {Promise<number>} exit code, or 128 + signal number as shells have it
 */
async function follow(child) {
  // The terminal sends Ctrl-C to the child as well.
  process.on('SIGINT', () => undefined)
  process.on('SIGTERM', () => child.kill('SIGTERM'))
  await once(child, 'exit')
  return child.exitCode ?? 128 + constants.signals[child.signalCode ?? 'SIGKILL']
}
