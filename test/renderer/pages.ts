import { expect, type Page } from '@playwright/test'

export const pageNames = ['setup', 'runs', 'compare', 'layers', 'sessions', 'devices', 'settings'] as const
export type PageName = (typeof pageNames)[number]

/** Opens the application over the fake engine and waits until it has loaded. */
export async function openApplication(page: Page, query: Record<string, string> = {}): Promise<void> {
  await page.goto(`/?${new URLSearchParams(query).toString()}`)
  await expect(page.locator('html')).toHaveAttribute('data-app-state', 'loaded')
}

/** Goes to a page and waits until its content is drawn. */
export async function goTo(page: Page, name: PageName): Promise<void> {
  await page.getByTestId(`nav-${name}`).click()
  await expect(page.getByTestId(`page-${name}`)).toBeVisible()
  if (name === 'setup') await expect(page.getByTestId('smallest-client')).toBeVisible()
  if (name === 'layers') await expect(page.getByTestId('mask-picture')).toHaveAttribute('aria-label', /\d/)
  await settle(page)
}

/** Two frames: charts are drawn in the frame after their data. */
export async function settle(page: Page): Promise<void> {
  await page.evaluate(
    () => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(resolve, 30)))),
  )
}

/** What a page must never say: script errors and breaches of the content security policy. */
export function collectErrors(page: Page): string[] {
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(message.text())
  })
  return errors
}
