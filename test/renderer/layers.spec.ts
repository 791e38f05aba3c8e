import { expect, test, type Page } from '@playwright/test'
import { collectErrors, goTo, openApplication, settle } from './pages'

let errors: string[]
test.beforeEach(async ({ page }) => {
  errors = collectErrors(page)
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'layers')
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

const picture = (page: Page, pane = 'mask-picture') => page.getByTestId(pane)
const grown = async (page: Page) => /Grown: ([\d,]+)/.exec((await picture(page).getAttribute('aria-label')) ?? '')?.[1]

test('two runs go in lock-step, film and scrolling included', async ({ page }) => {
  await page.getByTestId('mask-layer').selectOption({ label: 'fc1' })
  await page.getByTestId('mask-beside').selectOption({ label: 'Dynamic pruning, seed 1' })
  const beside = picture(page, 'mask-pane-beside-picture')
  await page.getByTestId('mask-update').fill('2')
  await expect(beside).toHaveAttribute('aria-label', /seed 1.*Update 2, after round 2/)
  await expect(picture(page)).toHaveAttribute('aria-label', /seed 0.*Update 2, after round 2/)

  await page.getByTestId('mask-zoom').selectOption('8')
  await page
    .getByTestId('mask-pane')
    .locator('.viewport')
    .evaluate((element) => {
      element.scrollTo(0, 300)
    })
  await expect
    .poll(() =>
      page
        .getByTestId('mask-pane-beside')
        .locator('.viewport')
        .evaluate((element) => element.scrollTop),
    )
    .toBe(300)

  // A static run has one mask for all of its rounds.
  await page.getByTestId('mask-beside').selectOption({ label: 'Static pruning, seed 0' })
  await expect(beside).toHaveAttribute('aria-label', /Static pruning, seed 0.*First mask/)

  await page.getByTestId('mask-update').fill('6')
  await page.getByTestId('mask-play').click()
  await expect(page.getByTestId('mask-when')).toContainText('Update 8')
  await expect(page.getByTestId('mask-play')).toHaveAttribute('aria-label', 'Play')
})

test('the picture shows what the count says, weight by weight, and kernels apart', async ({ page }) => {
  await page.getByTestId('mask-layer').selectOption({ label: 'conv2' })
  await page.getByTestId('mask-update').fill('1')
  await expect(picture(page)).toHaveAttribute('aria-label', /conv2.*Update 1.*Grown: [1-9]/)
  await settle(page)
  const pixels = (state: string) =>
    picture(page)
      .locator('canvas')
      .evaluate((element, name) => {
        const canvas = element as HTMLCanvasElement
        const colour = getComputedStyle(canvas).getPropertyValue(`--mask-${name}`).trim()
        const data = canvas.getContext('2d')?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
        const wanted = Number.parseInt(colour.slice(1), 16)
        let count = 0
        for (let at = 0; at < data.length; at += 4) {
          if (data[at + 3] === 255 && ((data[at] << 16) | (data[at + 1] << 8) | data[at + 2]) === wanted) count++
        }
        return count
      }, state)
  expect(String(await pixels('grown'))).toBe((await grown(page))?.replace(',', ''))
  const flatWidth = (await picture(page).boundingBox())?.width
  await page.getByTestId('mask-kernels').check()
  await settle(page)
  expect((await picture(page).boundingBox())?.width).not.toBe(flatWidth)
  await page.getByTestId('mask-zoom').selectOption('2')
  await settle(page)
  expect(String(await pixels('grown'))).toBe((await grown(page))?.replace(',', ''))
  await page.getByTestId('mask-zoom').selectOption('16')
  await picture(page).hover({ position: { x: 8, y: 8 } })
  await expect(page.getByTestId('mask')).toContainText(/output 0, input 0, kernel 0, 0: \w+/)
})

test('heat maps choose an update by mouse and by keyboard, and have tables', async ({ page }) => {
  const card = page.getByRole('region', { name: 'Layers over updates' })
  const map = card.getByTestId('matrix')
  const box = await map.boundingBox()
  if (box === null) throw new Error('the map is not there')
  await map.click({ position: { x: (box.width * 3.5) / 9, y: 5 } })
  await expect(page.getByTestId('mask-when')).toContainText('Update 3')
  await page.mouse.move(0, 0)
  await map.focus()
  await page.keyboard.press('ArrowRight')
  await expect(card).toContainText(/conv1 · Topology update 4: [\d.]+%/)
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('mask-when')).toContainText('Update 4')
  for (const measure of ['meanAge', 'regrown', 'density', 'grown']) {
    await page.getByTestId('layers-measure').selectOption(measure)
    await expect(map).toHaveAttribute('aria-label', /fc1: [\d.,]+/)
  }
  await card.getByRole('button', { name: 'Table' }).click()
  await expect(card.getByRole('row')).toHaveCount(10)
})

test('overlap between updates, runs and clients; degrees, weights and survival', async ({ page }) => {
  const overlap = page.getByRole('region', { name: 'Overlap of masks (Jaccard)' })
  await page.getByRole('main').evaluate((element) => {
    element.scrollTo(0, element.scrollHeight)
  })
  await expect(overlap.getByTestId('matrix')).toHaveAttribute('aria-label', /8: 1/)
  await page.getByTestId('overlap-kind').selectOption('runs')
  await expect(overlap.getByTestId('matrix')).toHaveAttribute('aria-label', /Static pruning, seed 0: 0\.\d/)
  await page.getByTestId('overlap-kind').selectOption('clients')
  await expect(page.getByTestId('overlap-nothing')).toContainText('one global mask')

  await expect(page.getByTestId('units').getByRole('row', { name: /^fc2/ })).toContainText('84')
  const weights = page.getByRole('region', { name: 'Weights of conv1' })
  await expect(weights).toContainText('29 of 150 weights are dead')
  await page.getByTestId('weights-when').selectOption('now')
  await expect(weights.getByRole('img')).toHaveAttribute('aria-label', /Alive after it/)
  const survival = page.getByRole('region', { name: 'Survival of connections' })
  await expect(survival.getByRole('img')).toHaveAttribute('aria-label', /fc1: [\d.]+%/)
  await survival.getByRole('button', { name: 'Table' }).click()
  await expect(survival.getByRole('row').nth(1)).toContainText('100%')
})

test('the mask and the invariants leave as pictures and as data, and have tables', async ({ page }) => {
  const save = async (card: string, format: string) => {
    const before = await page.evaluate(() => window.fakeEngine.saved.length)
    await page.getByTestId(card).getByTestId('figure-menu').first().click()
    await page.getByRole('menuitem', { name: new RegExp(format) }).click()
    await expect.poll(() => page.evaluate(() => window.fakeEngine.saved.length)).toBe(before + 1)
    return page.evaluate((at) => window.fakeEngine.saved[at], before)
  }
  await page.getByTestId('mask-layer').selectOption({ label: 'conv2' })
  await page.getByTestId('mask-update').fill('1')
  await expect(picture(page)).toHaveAttribute('aria-label', /conv2.*Update 1.*Grown: [1-9]/)
  const count = Number((await grown(page))?.replace(',', ''))

  const svg = await save('mask', 'SVG')
  expect(svg.name).toContain('Mask-of-conv2')
  // The squares of the picture, counted: each stands for one of the weights.
  const squares = await page.evaluate(async (text) => {
    const drawing = new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('image')
    const image = new Image()
    image.src = drawing?.getAttribute('href') ?? ''
    await image.decode()
    const canvas = document.createElement('canvas')
    canvas.width = image.naturalWidth
    canvas.height = image.naturalHeight
    const context = canvas.getContext('2d')
    context?.drawImage(image, 0, 0)
    const data = context?.getImageData(0, 0, canvas.width, canvas.height).data ?? []
    let [found, all] = [0, 0]
    for (let at = 0; at < data.length; at += 4) {
      if (data[at + 3] === 255) all++
      if (data[at] === 0x00 && data[at + 1] === 0x98 && data[at + 2] === 0xd8) found++
    }
    // conv2 has 2,400 weights.
    return found / (all / 2400)
  }, svg.content)
  expect(squares).toBe(count)

  const csv = (await save('mask', 'CSV')).content.split('\n')
  expect(csv[0]).toBe('Output,Input,"Place in the kernel (row, column)",State')
  expect(csv.filter((line) => line.endsWith(',Grown'))).toHaveLength(count)
  await page.getByTestId('mask-pane').getByRole('button', { name: 'Table' }).click()
  await expect(page.getByTestId('mask-pane').getByRole('row', { name: /^Grown/ })).toContainText(String(count))

  // One stop of the Tab key for the whole strip; arrow keys go from update to update.
  const strip = page.getByTestId('invariants')
  await strip.locator('.strip [tabindex="0"]').focus()
  await page.keyboard.press('ArrowRight')
  await expect(page.getByTestId('mask-when')).toContainText('Update 2')
  await page.keyboard.press('End')
  await expect(page.getByTestId('mask-when')).toContainText('Update 8')
  await expect(strip.locator('[aria-pressed="true"]').last()).toBeFocused()
  expect((await save('invariants', 'CSV')).content.split('\n')).toHaveLength(1 + 5 * 9 + 1)
  await strip.getByRole('button', { name: 'Table' }).click()
  await expect(strip.getByRole('row')).toHaveCount(10)
  await expect(strip.getByRole('row').nth(9)).toContainText('holds')
})
