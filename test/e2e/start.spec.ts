import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { dirname, resolve } from 'node:path'
import { expect, runtime, test } from './application'

test('the start script opens the window, says with what, and ends with it', async ({ home }) => {
  const script = resolve(import.meta.dirname, '../../resources/scripts/start.mjs')
  const { executable, options } = runtime()
  const child = spawn(process.execPath, [script], {
    env: {
      ...process.env,
      ESPALIER_HOME: home,
      ELECTRON_OVERRIDE_DIST_PATH: dirname(executable),
      ...(options.length > 0 ? { ESPALIER_NO_SANDBOX: '1' } : {}),
    },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let printed = ''
  child.stdout.on('data', (bytes: Buffer) => {
    printed += bytes.toString()
  })
  await expect.poll(() => printed, { timeout: 60_000 }).toContain('Espalier has opened its window with Electron')
  child.kill('SIGTERM')
  await once(child, 'exit')
  expect(child.exitCode).toBe(0)
})
