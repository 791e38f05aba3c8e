import { resolve } from 'node:path'
import { expect, test } from '@playwright/test'
import { collectErrors, goTo, openApplication, pageNames } from './pages'

const folder = resolve(import.meta.dirname, '../output/screenshots')

let errors: string[]
test.beforeEach(({ page }) => {
  errors = collectErrors(page)
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

test('the tour leads through the example session, by keyboard, and is offered once', async ({ page }) => {
  await openApplication(page, { tour: 'new' })
  await expect(page.getByTestId('welcome')).toBeVisible()
  await expect(page.getByTestId('smallest-client')).toBeVisible()
  await page.screenshot({ path: `${folder}/welcome.png`, animations: 'disabled' })
  await page.getByTestId('take-tour').click()
  const tour = page.getByTestId('tour')
  await expect(tour).toContainText('1 of 9')
  await expect(page.getByTestId('open-session')).toHaveText('Example: four arms')
  await expect(page.getByTestId('tour-next')).toBeFocused()
  const seen: (string | null)[] = []
  for (let step = 1; step <= 9; step++) {
    await expect(tour).toContainText(`${step} of 9`)
    await expect(page.locator('[data-toured]')).toBeVisible()
    if (step === 3) {
      const button = await page.getByTestId('launch-ablation').boundingBox()
      const card = await tour.boundingBox()
      if (button === null || card === null) throw new Error('The button and the card must be on the page.')
      const isBeside = card.x + card.width <= button.x || button.x + button.width <= card.x
      const isAbove = card.y + card.height <= button.y || button.y + button.height <= card.y
      expect(isBeside || isAbove, 'the card covers the button it speaks of').toBe(true)
    }
    if (step === 1) await page.screenshot({ path: `${folder}/tour.png`, animations: 'disabled' })
    seen.push(await page.locator('main').getAttribute('data-testid'))
    await page.keyboard.press('Enter')
  }
  expect([...new Set(seen)]).toEqual(['page-setup', 'page-runs', 'page-compare', 'page-layers', 'page-sessions'])
  await expect(tour).toHaveCount(0)
  await expect(page.locator('[data-toured]')).toHaveCount(0)
  await goTo(page, 'setup')
  await expect(page.getByTestId('welcome')).toHaveCount(0)
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('tour')
  await page.keyboard.press('Enter')
  await expect(tour).toBeVisible()
  await page.keyboard.press('Escape')
  await expect(tour).toHaveCount(0)
})

test('who declines the tour is not asked again', async ({ page }) => {
  await openApplication(page, { tour: 'new' })
  await page.getByTestId('no-tour').click()
  await expect(page.getByTestId('welcome')).toHaveCount(0)
  await goTo(page, 'runs')
  await page.getByTestId('open-example').click()
  await expect(page.getByTestId('open-session')).toHaveText('Example: four arms')
})

test('settings: text size, notifications and folders', async ({ page }) => {
  await openApplication(page)
  await goTo(page, 'settings')
  const size = () =>
    page.getByRole('heading', { level: 1 }).evaluate((element) => parseFloat(getComputedStyle(element).fontSize))
  const before = await size()
  await page.getByTestId('text-size').selectOption('1.5')
  await expect.poll(size).toBeCloseTo(before * 1.5, 1)
  await page.getByTestId('notifications').uncheck()
  await page.getByTestId('choose-sessions').click()
  await expect(page.getByTestId('folders')).toContainText('/mnt/large/sessions')
  await page.getByTestId('default-sessions').click()
  await expect(page.getByTestId('folders')).not.toContainText('/mnt/large')
  const set = await page.evaluate(() => window.fakeEngine.asked.filter(({ name }) => name === 'preferences.set'))
  expect(set.map(({ input }) => input)).toEqual([{ textSize: 1.5 }, { notifications: false }])
})

test('what the engine says is said in the language of the window', async ({ page }) => {
  await openApplication(page)
  await goTo(page, 'settings')
  await page.getByTestId('locale-zh-CN').check()
  await expect(page.getByTestId('dataset-mnist')).toContainText('随应用程序提供')
  await page.evaluate(() => {
    window.fakeEngine.failNext('sessions.locate', 'The run is finished and cannot be paused.')
  })
  await page.keyboard.press('ControlOrMeta+Shift+o')
  await expect(page.getByTestId('message')).toContainText('无法暂停')
})

test('devices: found, measured, the missing ones with reason and remedy; the form says so of a chosen one', async ({
  page,
}) => {
  await openApplication(page)
  await goTo(page, 'devices')
  await expect(page.getByTestId('device-cuda')).toContainText('No card')
  await expect(page.getByTestId('device-tensorflow-cpu')).toContainText('run npm run setup:tensorflow')
  await expect(page.getByTestId('devices-status')).toHaveText('Automatic now takes: Processor.')
  await page.getByTestId('measure-all').focus()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('speed-webgpu')).toContainText('6,200 images/s')
  await expect(page.getByTestId('devices-status')).toHaveText(
    'Automatic now takes: Card of any make (WebGPU) for dense networks, Processor at S = 0.9.',
  )
  // The referee takes minutes: only when asked for.
  await expect(page.getByTestId('speed-tfjs-cpu')).toHaveText('not measured')
  await page.evaluate(() => {
    window.fakeEngine.failNext('devices.measure', 'The device tfjs-cpu was lost: its process ended.', 'busy')
  })
  await page.getByTestId('measure-tfjs-cpu').click()
  await expect(page.getByTestId('message')).toContainText('The device tfjs-cpu was lost')

  await goTo(page, 'setup')
  await page.locator('#input-device').selectOption('tensorflow-cpu')
  await expect(page.getByTestId('device-missing')).toContainText('has not been set up')
  await expect(page.getByTestId('cost-card')).toContainText('on TensorFlow on the processor')
  await page.getByTestId('to-devices').click()
  await goTo(page, 'settings')
  await page.getByTestId('locale-zh-CN').check()
  await goTo(page, 'devices')
  await expect(page.getByTestId('device-cuda')).toContainText('没有 NVIDIA 驱动')
})

// A window of 1280 × 800 at 200 % has this many pixels of the page.
test.describe('at 200 %', () => {
  test.use({ viewport: { width: 640, height: 400 } })
  for (const locale of ['en', 'zh-CN'] as const) {
    test(`every page fits and can be used in ${locale}`, async ({ page }) => {
      await openApplication(page, { start: 'demo' })
      await goTo(page, 'settings')
      await page.getByTestId(`locale-${locale}`).check()
      for (const name of pageNames) {
        await goTo(page, name)
        const overflow = await page.evaluate(
          () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
        )
        expect(overflow, name).toBeLessThanOrEqual(0)
        await page.screenshot({ path: `${folder}/${name}-200-${locale}.png`, animations: 'disabled' })
        const main = page.getByRole('main')
        expect(await main.evaluate((element) => element.scrollWidth - element.clientWidth), name).toBeLessThanOrEqual(0)
      }
      await goTo(page, 'setup')
      await page.locator('#input-rounds').fill('3')
      await page.getByTestId('launch-run').click()
      await expect(page.getByTestId('page-runs')).toBeVisible()
    })
  }
})
