// `npm run faults`: what happens when processes are killed, disks are full and files are damaged.
//
//   --seed N     where the chance starts (1); every failure names its case, which the same seed repeats
//   --kills N    kills of the engine process, the command line and the whole application together (5)
//   --cases N    damaged files (60)
//   --load NAMES soak, rounds, session or all: long work under load, which prints its figures
//   --only NAMES files of this folder by name: kills, disk, damage, processes, desktop, load
//   --full       every kill point and every write instead of a selection
//   --report F   the outcome as JSON
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmod, cp, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { parseArgs } from 'node:util'
import { build, isStale } from '../../resources/scripts/build.mjs'
import { findRuntime } from '../../resources/scripts/runtime/find.mjs'
import { missingLibraries } from '../../resources/scripts/runtime/obstacles.mjs'
import { virtualScreen } from '../virtual-screen.mjs'

const project = resolve(import.meta.dirname, '../..')
const { values: flags } = parseArgs({
  options: {
    seed: { type: 'string', default: '1' },
    kills: { type: 'string', default: '5' },
    cases: { type: 'string', default: '60' },
    load: { type: 'string', default: '' },
    only: { type: 'string', default: '' },
    full: { type: 'boolean', default: false },
    report: { type: 'string' },
  },
})
const loads = flags.load === 'all' ? 'soak,rounds,session' : flags.load

if (isStale() && !build(true)) {
  console.error('the application could not be built; npm run build shows why')
  process.exit(1)
}
// A copy: what runs for hours must not change when the checkout is built anew.
await mkdir(join(project, 'test/output'), { recursive: true })
const application = await mkdtemp(join(project, 'test/output/faults-'))
// Another user runs it where root is to be denied something.
await chmod(application, 0o755)
for (const name of ['main', 'preload', 'renderer'])
  await cp(join(project, 'out', name), join(application, 'out', name), { recursive: true })
await cp(join(project, 'package.json'), join(application, 'package.json'))
await symlink(join(project, 'resources'), join(application, 'resources'))
const screen = process.platform === 'linux' ? await virtualScreen() : null
const window = await findWindow()
if ('reason' in window) console.log(`without a window: ${window.reason}`)
const withoutLoads = ['soak', 'rounds', 'session'].filter((name) => !loads.split(',').includes(name))
if (withoutLoads.length > 0)
  console.log(`skipped, for they take up to an hour (--load all): ${withoutLoads.join(', ')}`)
if (!flags.full) console.log('skipped, for they take over two and ten minutes (--full): training threads that hang')
console.log(`seed ${flags.seed}, ${flags.kills} kills, ${flags.cases} damaged files`)
try {
  const only = flags.only.split(',').filter((name) => name !== '')
  const options = ['run', '--config', 'test/faults/vitest.config.ts', ...only.map((name) => `${name}.faults.ts`)]
  options.push('--reporter=verbose')
  if (flags.report !== undefined) options.push('--reporter=json', `--outputFile=${flags.report}`)
  const child = spawn(process.execPath, [join(project, 'node_modules/vitest/vitest.mjs'), ...options], {
    cwd: project,
    stdio: 'inherit',
    env: {
      ...process.env,
      ...(screen === null ? {} : { DISPLAY: screen.display }),
      FAULTS_SEED: flags.seed,
      FAULTS_KILLS: flags.kills,
      FAULTS_CASES: flags.cases,
      FAULTS_LOAD: loads,
      FAULTS_FULL: flags.full ? '1' : '0',
      FAULTS_APPLICATION: application,
      FAULTS_ELECTRON: 'reason' in window ? '' : window.executable,
      FAULTS_WITHOUT_WINDOW: 'reason' in window ? window.reason : '',
    },
  })
  await once(child, 'exit')
  process.exitCode = child.exitCode ?? 1
} finally {
  screen?.close()
  await rm(application, { recursive: true, force: true })
}

/** @returns {Promise<{ executable: string } | { reason: string }>} */
async function findWindow() {
  if (process.platform === 'linux' && screen === null && !process.env['DISPLAY'])
    return { reason: 'there is no display and no Xvfb (install xvfb)' }
  const runtime = await findRuntime((line) => {
    console.log(line)
  })
  if ('reason' in runtime) return runtime
  const missing = missingLibraries(runtime.executable)
  return missing === null ? runtime : { reason: missing }
}
