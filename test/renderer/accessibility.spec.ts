import { createRequire } from 'node:module'
import type { AxeResults } from 'axe-core'
import { expect, test, type Page } from '@playwright/test'
import { goTo, openApplication, pageNames } from './pages'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')

// The rule checker is put into the page by the test; the page's own policy is tried in the other files.
test.use({ bypassCSP: true })

async function expectNoViolation(page: Page, what: string): Promise<void> {
  const results = await page.evaluate(() =>
    (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
  )
  const broken = results.violations.map(({ id, nodes }) => ({
    id,
    where: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`),
  }))
  expect(broken, what).toEqual([])
}

for (const theme of ['light', 'dark'] as const) {
  for (const locale of ['en', 'zh-CN'] as const) {
    test(`no page breaks an accessibility rule in ${theme}, ${locale}`, async ({ page }) => {
      await openApplication(page, { start: 'demo', round: '60000', tour: 'new' })
      await page.addScriptTag({ path: axePath })
      await goTo(page, 'settings')
      await page.getByTestId(`theme-${theme}`).check()
      await page.getByTestId(`locale-${locale}`).check()
      await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
      for (const name of pageNames) {
        await goTo(page, name)
        await expectNoViolation(page, name)
      }
    })

    test(`neither runs under way nor a dialog breaks one in ${theme}, ${locale}`, async ({ page }) => {
      await openApplication(page, { round: '60000', tour: 'new' })
      await page.addScriptTag({ path: axePath })
      await goTo(page, 'settings')
      await page.getByTestId(`theme-${theme}`).check()
      await page.getByTestId(`locale-${locale}`).check()
      await goTo(page, 'setup')
      await page.getByTestId('seeds').fill('7, 8')
      await page.getByTestId('launch-run').click()
      await expect(page.locator('[data-testid^="waiting-"]')).toHaveCount(2)
      await page.getByTestId('hold-queue').click()
      await expect(page.getByTestId('queue-held')).toBeVisible()
      await page.evaluate(() => {
        window.fakeEngine.emit({
          type: 'run.lanes',
          sessionId: 'any',
          runId: 'any',
          lanes: { round: 0, workers: 1, now: 2, spans: [{ worker: 0, client: 3, start: 0, end: null }] },
        })
      })
      await expect(page.getByTestId('lanes')).toBeVisible()
      await expectNoViolation(page, 'busy runs')
      await page.keyboard.press('ControlOrMeta+k')
      await expectNoViolation(page, 'palette')
      await page.keyboard.press('Escape')
      await page.getByTestId('open-help').click()
      await expectNoViolation(page, 'help')
    })
  }
}

test('whoever asks for more contrast or less motion gets it', async ({ page }) => {
  await page.emulateMedia({ contrast: 'more', reducedMotion: 'reduce' })
  await openApplication(page, { start: 'demo' })
  await page.addScriptTag({ path: axePath })
  await expectNoViolation(page, 'set-up')
  const style = await page.evaluate(() => {
    const probe = document.querySelector('.muted')
    if (probe === null) throw new Error('nothing muted')
    const moving = document.createElement('div')
    moving.style.transition = 'all 1s'
    document.body.append(moving)
    return {
      muted: getComputedStyle(probe).color,
      text: getComputedStyle(document.body).color,
      transition: getComputedStyle(moving).transitionProperty,
    }
  })
  expect(style.muted).toBe(style.text)
  expect(style.transition).toBe('none')
})
