import { _electron, expect, test as base } from '@playwright/test'
import type { ElectronApplication, Page } from '@playwright/test'
import { mkdir, mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'

const project = resolve(import.meta.dirname, '../..')
const screenshots = join(project, 'test/output/screenshots')

/** One running application and its window, addressed as a user sees it. */
export class Laboratory {
  readonly application: ElectronApplication
  readonly window: Page
  /** What the page complained about: errors, and what the content security policy blocked. */
  readonly complaints: string[] = []

  constructor(application: ElectronApplication, window: Page) {
    this.application = application
    this.window = window
    window.on('console', (message) => {
      if (message.type() === 'error') this.complaints.push(message.text())
    })
    window.on('pageerror', (error) => this.complaints.push(error.message))
  }

  async show(page: 'setup' | 'runs' | 'compare' | 'layers' | 'sessions' | 'devices' | 'settings'): Promise<void> {
    await this.window.getByTestId(`nav-${page}`).click()
    await expect(this.window.getByTestId(`page-${page}`)).toBeVisible()
  }

  /** Types values into fields of the set-up form. */
  async fill(values: Readonly<Record<string, string>>): Promise<void> {
    for (const [field, value] of Object.entries(values)) await this.window.locator(`#input-${field}`).fill(value)
  }

  async launch(kind: 'run' | 'ablation', seeds: string, name: string): Promise<void> {
    await this.window.getByTestId('seeds').fill(seeds)
    await this.window.getByTestId('session-name').fill(name)
    await this.window.getByTestId(`launch-${kind}`).click()
    await expect(this.window.getByTestId('page-runs')).toBeVisible()
  }

  runsIn(state: string) {
    return this.window.locator(`[data-testid^="run-"][data-state="${state}"]`)
  }

  async screenshot(name: string): Promise<void> {
    await mkdir(screenshots, { recursive: true })
    await this.window.screenshot({ path: join(screenshots, `${name}.png`) })
  }

  async quit(): Promise<void> {
    await this.application.close()
  }
}

interface Fixtures {
  /** Folder of sessions, data sets and preferences, of this test alone. */
  home: string
  /** Opens the application on that folder, with switches of Chromium; it is closed at the end of the test. */
  open: (environment?: Readonly<Record<string, string>>, switches?: readonly string[]) => Promise<Laboratory>
}

export const test = base.extend<Fixtures>({
  // Playwright reads the names of the fixtures that a fixture needs from this pattern.
  // eslint-disable-next-line no-empty-pattern
  home: async ({}, use) => {
    const home = await mkdtemp(join(tmpdir(), 'espalier-e2e-'))
    await use(home)
    await rm(home, { recursive: true, force: true })
  },
  open: async ({ home }, use, { title, status, expectedStatus }) => {
    const opened: Laboratory[] = []
    await use(async (environment = {}, switches = []) => {
      const laboratory = await openLaboratory(home, environment, switches)
      opened.push(laboratory)
      return laboratory
    })
    for (const [index, laboratory] of opened.entries()) {
      if (laboratory.window.isClosed()) continue
      if (status !== expectedStatus) await laboratory.screenshot(`failed ${title} ${index}`.replaceAll(/\W+/g, '-'))
      await laboratory.quit()
    }
  },
})

/** Command line of the application: the checkout's build, without the sandbox only where Electron cannot do with it. */
export function runtime(): { executable: string; options: string[] } {
  const executable = process.env['ESPALIER_ELECTRON']
  if (executable === undefined) throw new Error('run these tests with: npm test -- e2e')
  return { executable, options: process.getuid?.() === 0 ? ['--no-sandbox'] : [] }
}

async function openLaboratory(
  home: string,
  environment: Readonly<Record<string, string>>,
  switches: readonly string[],
): Promise<Laboratory> {
  const { executable, options } = runtime()
  const application = await _electron.launch({
    executablePath: executable,
    args: [...options, ...switches, project],
    chromiumSandbox: options.length === 0,
    env: { ...inherited(), ESPALIER_HOME: home, ESPALIER_CONFIRM_QUIT: '0', LANGUAGE: 'en', ...environment },
  })
  const window = await application.firstWindow()
  const laboratory = new Laboratory(application, window)
  await window.waitForFunction(() => document.documentElement.dataset['appState'] === 'loaded')
  return laboratory
}

function inherited(): Record<string, string> {
  return Object.fromEntries(
    Object.entries(process.env).filter((entry): entry is [string, string] => entry[1] !== undefined),
  )
}

export { expect } from '@playwright/test'
