import { resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { collectErrors, goTo, openApplication, pageNames } from './pages'

const folder = resolve(import.meta.dirname, '../output/screenshots')
const sizes = [
  { name: 'small', width: 900, height: 600 },
  { name: 'large', width: 1600, height: 1000 },
] as const

for (const theme of ['light', 'dark'] as const) {
  for (const locale of ['en', 'zh-CN'] as const) {
    for (const { name, width, height } of sizes) {
      test(`every page in ${theme}, ${locale}, ${name}`, async ({ page }) => {
        const errors = collectErrors(page)
        await page.setViewportSize({ width, height })
        await openApplication(page, { start: 'demo' })
        await goTo(page, 'settings')
        await page.getByTestId(`theme-${theme}`).check()
        await page.getByTestId(`locale-${locale}`).check()
        await expect(page.locator('html')).toHaveAttribute('data-theme', theme)
        await expect(page.locator('html')).toHaveAttribute('lang', locale)
        for (const pageName of pageNames) {
          await goTo(page, pageName)
          await page.screenshot({
            path: `${folder}/${pageName}-${theme}-${locale}-${name}.png`,
            animations: 'disabled',
          })
          if (pageName === 'setup') {
            await page.getByTestId('field-clientsAtOnce').scrollIntoViewIfNeeded()
            await page.screenshot({ path: `${folder}/setup-device-${theme}-${locale}-${name}.png` })
          }
          const overflow = await page.evaluate(
            () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
          )
          expect(overflow, `${pageName} is wider than the window`).toBeLessThanOrEqual(0)
        }
        expect(errors).toEqual([])
      })
    }
  }
}
