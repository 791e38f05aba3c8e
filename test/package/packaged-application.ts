import { chromium, type Page } from '@playwright/test'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join, resolve } from 'node:path'

const packages = resolve(import.meta.dirname, '../../out/packages')

/** The folder that `npm run package` made, its executable and its resources. */
export function packagedApplication(): { folder: string; executable: string; resources: string } {
  const name = existsSync(packages) ? readdirSync(packages).find((entry) => /unpacked$|^mac/.test(entry)) : undefined
  if (name === undefined) throw new Error('run these tests with: npm test -- package')
  const folder = join(packages, name)
  if (process.platform === 'darwin') {
    const contents = join(folder, 'Espalier.app/Contents')
    return { folder, executable: join(contents, 'MacOS/Espalier'), resources: join(contents, 'Resources') }
  }
  const executable = join(folder, process.platform === 'win32' ? 'Espalier.exe' : 'espalier')
  return { folder, executable, resources: join(folder, 'resources') }
}

/**
 * Opens the packaged application. Its fuses keep Playwright's way into the main process shut, so the page is reached through
 * Chromium's own debugging port.
 */
export async function openPackaged(home: string): Promise<{ page: Page; quit: () => Promise<number | null> }> {
  const options = process.getuid?.() === 0 ? ['--no-sandbox'] : []
  const child = spawn(packagedApplication().executable, [...options, '--remote-debugging-port=0'], {
    env: { ...process.env, ESPALIER_HOME: home, ESPALIER_CONFIRM_QUIT: '0', LANGUAGE: 'en' },
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  let printed = ''
  const address = await new Promise<string>((found, failed) => {
    child.stderr.on('data', (bytes: Buffer) => {
      printed += bytes.toString()
      const match = /DevTools listening on (\S+)/.exec(printed)?.[1]
      if (match !== undefined) found(match)
    })
    child.once('exit', () => {
      failed(new Error(`the application ended: ${printed}`))
    })
  })
  const browser = await chromium.connectOverCDP(address)
  const [context] = browser.contexts()
  const page = context.pages().at(0) ?? (await context.waitForEvent('page'))
  await page.waitForFunction(() => document.documentElement.dataset['appState'] === 'loaded')
  return {
    page,
    quit: async () => {
      child.kill('SIGTERM')
      await once(child, 'exit')
      return child.exitCode
    },
  }
}
