import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import { PNG } from 'pngjs'
import { expect, test, type Page } from '@playwright/test'
import { collectErrors, goTo, openApplication, settle } from './pages'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const folder = resolve(import.meta.dirname, '../output/screenshots')
const views = ['curves', 'budget', 'pareto', 'parallel', 'differences'] as const

async function show(page: Page, view: (typeof views)[number]): Promise<void> {
  await page.getByTestId(`tab-${view}`).click()
  await settle(page)
}

/** Name and content of everything that was saved. */
function saved(page: Page): Promise<{ name: string; content: string }[]> {
  return page.evaluate(() => window.fakeEngine.saved)
}

test('every view of the comparison draws, hands over a table, and speaks both languages', async ({ page }) => {
  const errors = collectErrors(page)
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  for (const view of views) {
    await show(page, view)
    const card = page.getByRole('tabpanel').getByRole('region').first()
    await expect(card.getByRole('img').first()).toHaveAttribute('aria-label', /\. /)
    await card.getByRole('button', { name: 'Table' }).click()
    expect(await card.getByRole('row').count()).toBeGreaterThan(2)
    await card.getByRole('button', { name: 'Chart' }).click()
  }
  await goTo(page, 'settings')
  await page.getByTestId('locale-zh-CN').check()
  await goTo(page, 'compare')
  await show(page, 'differences')
  await expect(page.getByRole('tabpanel').getByRole('region').first()).toContainText('再需')
  expect(errors).toEqual([])
})

test('curves change metric, axis and band', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  await show(page, 'curves')
  await page.getByTestId('axis-y').selectOption('trainLoss')
  await page.getByTestId('axis-x').selectOption('transferred')
  await page.getByTestId('band').selectOption('interval')
  const card = page.getByRole('region', { name: 'Learning curves' })
  await card.getByTestId('figure-menu').click()
  await page.getByRole('menuitem', { name: 'CSV' }).click()
  await expect(page.getByTestId('message')).toContainText('Learning-curves.csv')
  const [{ content }] = await saved(page)
  expect(content.split('\n')[0]).toBe(
    'Series,Uploaded and downloaded (MB),Training loss (cross-entropy),Training loss (cross-entropy) (lower),Training loss (cross-entropy) (upper)',
  )
  expect(content.split('\n').length).toBeGreaterThan(20)
})

test('budget and target move by mouse and keyboard', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  await show(page, 'budget')
  const title = page.getByRole('tabpanel').getByRole('heading', { level: 2 }).first()
  const before = await title.innerText()
  await page.getByTestId('budget').focus()
  await page.keyboard.press('Home')
  await page.keyboard.press('ArrowRight')
  await expect(title).not.toHaveText(before)
  await page.getByTestId('target').fill('1')
  await expect(page.getByText('Cost to reach 100.0%').first()).toBeVisible()
  await expect(page.getByText('reached by 0 of 3').first()).toBeVisible()
})

test('parallel coordinates are brushed by drag and by arrow keys', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  await show(page, 'parallel')
  const count = page.getByTestId('brushed')
  await expect(count).toHaveText('12 of 12 runs')
  await page.getByTestId('brush-method-high').focus()
  for (let presses = 0; presses < 6; presses++) await page.keyboard.press('ArrowDown')
  await expect(count).toHaveText('3 of 12 runs')
  await page.keyboard.press('Escape')
  await expect(count).toHaveText('12 of 12 runs')
  const box = await page.getByTestId('brush-method').boundingBox()
  if (box === null) throw new Error('the axis is not there')
  await page.mouse.move(box.x + box.width / 2, box.y + 2)
  await page.mouse.down()
  await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2)
  await page.mouse.up()
  await expect(count).toHaveText('6 of 12 runs')
  await page.getByTestId('clear-brushes').click()
  await expect(count).toHaveText('12 of 12 runs')
})

test('a figure leaves by its menu with the keyboard, in every format', async ({ page, context }) => {
  await context.grantPermissions(['clipboard-read', 'clipboard-write'])
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'compare')
  await show(page, 'differences')
  const menu = page.getByTestId('figure-menu')
  await menu.focus()
  await page.keyboard.press('Enter')
  await expect(page.getByRole('menuitem').first()).toBeFocused()
  await page.keyboard.press('Enter')
  await expect(page.getByTestId('message').first()).toContainText('Copied')
  await expect(menu).toBeFocused()
  expect((await page.evaluate(() => navigator.clipboard.readText())).split('\n')[0].split('\t')).toHaveLength(3)
  for (let downs = 1; downs <= 4; downs++) {
    await menu.focus()
    await page.keyboard.press('Enter')
    for (let presses = 0; presses < downs; presses++) await page.keyboard.press('ArrowDown')
    await page.keyboard.press('Enter')
    await expect.poll(async () => (await saved(page)).length).toBe(downs)
  }
  const [svg, pdf, png, csv] = await saved(page)
  expect(svg.name).toBe('Difference-to-Static-pruning.svg')
  expect(svg.content).toContain('>Dynamic pruning<')
  const valid = await page.evaluate(
    (text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror') === null,
    svg.content,
  )
  expect(valid).toBe(true)
  // What is printed is the same picture.
  expect(pdf).toEqual({ name: 'Difference-to-Static-pruning.pdf', content: svg.content })
  const picture = PNG.sync.read(Buffer.from(png.content, 'base64'))
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg.content) ?? []
  expect([picture.width, picture.height]).toEqual([2 * Number(width), 2 * Number(height)])
  // White paper, and something on it.
  expect([...picture.data.subarray(0, 4)]).toEqual([255, 255, 255, 255])
  expect(new Set(picture.data).size).toBeGreaterThan(20)
  expect(csv.content.split('\n')[0]).toBe('Series,Seed,Difference in final accuracy (points)')
})

test('the export dialog offers what is on the page, the table and a report that holds up by itself', async ({
  page,
  context,
}) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'layers')
  await page.keyboard.press('ControlOrMeta+e')
  const subject = page.getByTestId('export-subject')
  await expect(subject).toContainText('Density by layer')
  await expect(subject).toContainText('Layers over updates')
  await page.keyboard.press('Escape')
  await expect(page.getByRole('dialog')).toHaveCount(0)
  await goTo(page, 'setup')
  await page.keyboard.press('ControlOrMeta+e')
  await expect(subject).toContainText('Layer densities')
  await expect(subject).toContainText('Partition')
  await subject.selectOption({ label: 'Partition' })
  await page.getByTestId('export-save').click()
  await expect.poll(async () => (await saved(page)).map(({ name }) => name)).toEqual(['Partition.svg'])
  await page.keyboard.press('ControlOrMeta+e')
  await subject.selectOption('table')
  await page.getByTestId('export-format').selectOption('latex')
  await page.getByTestId('export-save').click()
  await page.keyboard.press('ControlOrMeta+e')
  await subject.selectOption('report')
  await page.getByTestId('export-save').click()
  await expect.poll(async () => (await saved(page)).length).toBe(3)
  const [, table, report] = await saved(page)
  expect(table.name).toMatch(/\.tex$/)
  expect(table.content).toContain('\\toprule')
  expect(report.name).toMatch(/^Four-arms.*\.html$/)
  expect(report.content).not.toContain('<script')

  const alone = await context.newPage()
  const asked: string[] = []
  alone.on('request', (request) => asked.push(request.url()))
  const errors = collectErrors(alone)
  await alone.setContent(report.content)
  await expect(alone.getByRole('heading', { name: 'Four arms, S = 0.9, β = 0.5' })).toBeVisible()
  await expect(alone.locator('figure svg')).toHaveCount(7)
  await expect(alone.getByRole('row', { name: 'Sparsity S --sparsity 0.9' })).toBeVisible()
  expect(asked).toEqual([])
  expect(errors).toEqual([])
  await alone.screenshot({ path: `${folder}/report.png`, fullPage: true })
})

test.describe('rules of accessibility', () => {
  // The rule checker is put into the page by the test.
  test.use({ bypassCSP: true })
  for (const theme of ['light', 'dark'] as const) {
    test(`hold in every view and in its menu, ${theme}`, async ({ page }) => {
      await openApplication(page, { start: 'demo' })
      await page.addScriptTag({ path: axePath })
      await goTo(page, 'settings')
      await page.getByTestId(`theme-${theme}`).check()
      await goTo(page, 'compare')
      const check = async (name: string) => {
        const results = await page.evaluate(() =>
          (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
        )
        const broken = results.violations.map(({ id, nodes }) => ({
          id,
          where: nodes.map(({ html, failureSummary }) => `${html.slice(0, 160)} ${failureSummary ?? ''}`),
        }))
        expect(broken, name).toEqual([])
      }
      for (const view of views) {
        await show(page, view)
        await check(view)
        await page.screenshot({ path: `${folder}/compare-${view}-${theme}.png`, fullPage: true })
      }
      await page.getByTestId('figure-menu').first().click()
      await check('menu')
      await page.keyboard.press('Escape')
      await page.keyboard.press('ControlOrMeta+e')
      await check('dialog')
    })
  }
})
