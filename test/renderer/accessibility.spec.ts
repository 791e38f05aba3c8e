import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { expect, test } from '@playwright/test'
import { goTo, openApplication, pageNames } from './pages'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

// The rule checker is put into the page by the test; the page's own policy is tried in the other files.
test.use({ bypassCSP: true })

for (const theme of ['light', 'dark'] as const) {
  test(`no page breaks an accessibility rule in ${theme}`, async ({ page }) => {
    await openApplication(page, { start: 'demo' })
    await page.addScriptTag({ path: axePath })
    await goTo(page, 'settings')
    await page.getByTestId(`theme-${theme}`).check()
    await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
    for (const name of pageNames) {
      await goTo(page, name)
      const results = await page.evaluate(() =>
        (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
      )
      const broken = results.violations.map(({ id, nodes }) => ({
        id,
        where: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`),
      }))
      expect(broken, name).toEqual([])
    }
  })
}
