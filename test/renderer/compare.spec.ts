import { createRequire } from 'node:module'
import { resolve } from 'node:path'
import type { AxeResults } from 'axe-core'
import { expect, test, type Page } from '@playwright/test'
import { collectErrors, goTo, openApplication, settle } from './pages'

const axePath = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const folder = resolve(import.meta.dirname, '../output/screenshots')

const shownRows = (page: Page) => page.getByTestId('runs-row')
const cell = (page: Page, row: number, column: number) =>
  page.getByTestId('matrix').locator('tbody tr').nth(row).getByTestId('matrix-cell').nth(column)

async function openCompare(page: Page, view: 'runs' | 'matrix'): Promise<void> {
  await openApplication(page, { start: 'demo', round: '10' })
  await goTo(page, 'compare')
  await page.getByTestId(`tab-${view}`).click()
}

test.describe('the table of runs', () => {
  test('searches, filters, sorts and groups, and keeps the columns that were chosen', async ({ page }) => {
    await openCompare(page, 'runs')
    await expect(page.getByTestId('runs-shown')).toHaveText('12 runs')
    // Where all runs agree there is nothing to see: method and seed alone differ.
    await expect(page.getByTestId('runs-table').getByRole('columnheader', { name: 'Sparsity S' })).toHaveCount(0)
    await page.getByTestId('only-differing').uncheck()
    await expect(page.getByTestId('runs-table').getByRole('columnheader', { name: 'Rounds', exact: true })).toHaveCount(
      1,
    )
    await page.getByTestId('only-differing').check()

    await page.getByTestId('runs-search').fill('STATIC finished')
    await expect(page.getByTestId('runs-shown')).toHaveText('3 of 12 runs')
    await page.getByTestId('runs-search').fill('')
    await page.getByTestId('filter-column').selectOption('finalAccuracy')
    await page.getByTestId('filter-operator').selectOption('atLeast')
    await page.getByTestId('filter-value').fill('95 %')
    await page.getByTestId('add-filter').click()
    await expect(page.getByTestId('filter-chip')).toHaveText('Final accuracy at least 95 %')
    const accuracies = await shownRows(page).locator('td:nth-child(4)').allInnerTexts()
    expect(accuracies.length).toBeGreaterThan(0)
    expect(accuracies.length).toBeLessThan(12)
    for (const text of accuracies) expect(Number.parseFloat(text)).toBeGreaterThanOrEqual(95)
    await page.getByTestId('filter-chip').click()

    const accuracy = page.getByTestId('runs-table').getByRole('columnheader', { name: 'Final accuracy' })
    await accuracy.getByRole('button').click()
    await expect(accuracy).toHaveAttribute('aria-sort', 'descending')
    const sorted = (await shownRows(page).locator('td:nth-child(4)').allInnerTexts()).map(Number.parseFloat)
    expect(sorted).toEqual([...sorted].sort((a, b) => b - a))

    await page.getByTestId('runs-group').selectOption('setting')
    const groups = page.getByTestId('runs-group-row')
    await expect(groups).toHaveCount(4)
    await expect(groups.first()).toContainText('3 runs')
    await expect(groups.first()).toContainText('±')
    await expect(groups.first()).toContainText('No pruning')
    await groups.first().click()
    await expect(groups.first()).toHaveAttribute('aria-expanded', 'true')
    await expect(shownRows(page)).toHaveCount(3)

    await page.getByTestId('choose-columns').click()
    await page.getByTestId('column-uploadBytes').uncheck()
    await page.getByTestId('column-finalLoss').check()
    await page.keyboard.press('Escape')
    await goTo(page, 'runs')
    await goTo(page, 'compare')
    await expect(page.getByTestId('tab-runs')).toHaveAttribute('aria-selected', 'true')
    await expect(page.getByTestId('runs-table').getByRole('columnheader', { name: 'Final loss' })).toBeVisible()
    await expect(page.getByTestId('runs-table').getByRole('columnheader', { name: 'Upload' })).toHaveCount(0)
  })

  test('tags and notes stay with the run, and can be searched', async ({ page }) => {
    await openCompare(page, 'runs')
    await shownRows(page).nth(1).click()
    await page.getByTestId('run-tags').fill('outlier, paper')
    await page.getByTestId('run-notes').fill('Spike in round 3.')
    await page.getByTestId('run-notes').blur()
    await expect(page.getByTestId('run-details')).toContainText('Saved')
    await expect(shownRows(page).nth(1)).toContainText('outlier, paper')
    await page.getByTestId('runs-search').fill('spike')
    await expect(page.getByTestId('runs-shown')).toHaveText('1 of 12 runs')
    await page.getByTestId('runs-search').fill('dynamic')
    await page.getByTestId('tag-shown').fill('main arm')
    await page.getByTestId('tag-shown-add').click()
    await page.getByTestId('runs-search').fill('main arm')
    await expect(page.getByTestId('runs-shown')).toHaveText('3 of 12 runs')
    const held = await page.evaluate(async () => {
      const reply = await window.fakeEngine.invoke('sessions.list', undefined)
      if (!reply.ok) throw new Error(reply.error.message)
      return (reply.value as { manifest: { runAnnotations: Record<string, { tags: string[] }> } }[]).map(
        ({ manifest }) => Object.values(manifest.runAnnotations).map(({ tags }) => tags),
      )
    })
    expect(held.flat().filter((tags) => tags.includes('main arm'))).toHaveLength(3)
  })

  test('goes by the keyboard alone', async ({ page }) => {
    await openCompare(page, 'runs')
    await shownRows(page).first().focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowDown')
    await expect(page.locator(':focus')).toHaveAttribute('aria-rowindex', '4')
    await page.keyboard.press('End')
    await expect(page.locator(':focus')).toHaveAttribute('aria-rowindex', '13')
    await page.keyboard.press('Home')
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('run-tags')).toBeFocused()
    await page.keyboard.type('first')
    await page.keyboard.press('Tab')
    await expect(shownRows(page).first()).toContainText('first')
    await page.getByTestId('run-details-close').press('Enter')
    await expect(page.locator(':focus')).toHaveAttribute('aria-rowindex', '2')
    await page.getByTestId('runs-group').selectOption('method')
    await page.getByTestId('runs-group-row').first().focus()
    await page.keyboard.press('ArrowRight')
    await expect(shownRows(page)).toHaveCount(3)
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('ArrowLeft')
    await expect(page.locator(':focus')).toHaveAttribute('aria-level', '1')
    await page.keyboard.press('ArrowLeft')
    await expect(shownRows(page)).toHaveCount(0)
  })

  test('draws the rows in sight only, of thousands', async ({ page }) => {
    await openCompare(page, 'runs')
    await page.evaluate(async () => {
      const reply = await window.fakeEngine.invoke('sessions.list', undefined)
      if (!reply.ok) throw new Error(reply.error.message)
      const { manifest } = (reply.value as { manifest: { id: string } }[])[1]
      const opened = await window.fakeEngine.invoke('sessions.open', { sessionId: manifest.id })
      if (!opened.ok) throw new Error(opened.error.message)
      const [run] = (opened.value as { runs: { experiment: object }[] }).runs
      for (let index = 0; index < 3000; index++) {
        window.fakeEngine.emit({
          type: 'run.state',
          sessionId: manifest.id,
          run: {
            ...run,
            id: `more-${index}`,
            state: 'queued',
            experiment: { ...run.experiment, seed: 10 + index },
          } as never,
        })
      }
    })
    await expect(page.getByTestId('runs-shown')).toHaveText('3,012 runs')
    await expect(page.getByTestId('runs-table')).toHaveAttribute('aria-rowcount', '3013')
    expect(await shownRows(page).count()).toBeLessThan(60)
    await shownRows(page).first().focus()
    await page.keyboard.press('End')
    await expect(page.locator(':focus')).toHaveAttribute('aria-rowindex', '3013')
    expect(await shownRows(page).count()).toBeLessThan(60)
    await page.getByTestId('runs-search').fill('seed-nowhere')
    await expect(page.getByTestId('runs-table')).toContainText('No run matches.')
  })
})

test.describe('the result matrix', () => {
  test('shows the arms, and fills an empty cell at a click, live', async ({ page }) => {
    await openCompare(page, 'matrix')
    await expect(page.getByTestId('matrix').getByRole('columnheader')).toHaveText([
      'Distribution (partition and β)',
      'Dynamic pruning',
      'Static pruning',
      'No pruning',
      'Small dense model',
    ])
    await expect(cell(page, 0, 0)).toContainText(/9\d\.\d+% ± \d.*\(3\)/)
    await expect(cell(page, 0, 2)).toContainText('★')

    await page.getByTestId('matrix-columns').selectOption('readjustmentRatio')
    await expect(page.getByTestId('matrix').getByRole('columnheader')).toHaveText([
      'Distribution (partition and β)',
      'Static pruning',
      'R = 0.3',
    ])
    await page.getByTestId('matrix-more-columns').fill('0.5, 7')
    await expect(page.getByTestId('matrix-wrong')).toContainText('7')
    await page.getByTestId('matrix-more-columns').fill('0.5')
    await page.getByTestId('matrix-more-rows').fill('iid')
    await expect(page.getByTestId('matrix').getByRole('rowheader')).toHaveText(['Even (iid)', 'β = 0.5'])
    // The question is still there after another page, and after the window was opened anew.
    await goTo(page, 'runs')
    await goTo(page, 'compare')
    await expect(page.getByTestId('matrix-more-columns')).toHaveValue('0.5')
    await expect(page.getByTestId('matrix').getByRole('rowheader')).toHaveText(['Even (iid)', 'β = 0.5'])
    // One stop of the Tab key; arrow keys lead from cell to cell.
    await cell(page, 0, 0).focus()
    await page.keyboard.press('ArrowDown')
    await page.keyboard.press('End')
    await expect(cell(page, 1, 2)).toBeFocused()
    await page.keyboard.press('ArrowUp')
    await page.keyboard.press('ArrowLeft')
    await expect(cell(page, 0, 1)).toBeFocused()
    expect(await page.getByTestId('matrix').locator('[tabindex="0"]').count()).toBe(1)
    await expect(cell(page, 1, 2)).toContainText('not run')

    await cell(page, 1, 2).click()
    await expect(page.getByTestId('matrix-seeds')).toHaveValue('0, 1, 2')
    await expect(page.getByTestId('matrix-cost')).toContainText('FLOPs')
    // The static mask of this row is there already.
    await expect(page.getByTestId('matrix-queue')).toHaveText('Queue 3 runs')
    await page.getByTestId('matrix-seeds').fill('0, 1')
    await expect(page.getByTestId('matrix-queue')).toHaveText('Queue 2 runs')
    await page.getByTestId('matrix-queue').click()
    await expect(page.getByTestId('matrix-dialog')).toHaveCount(0)
    await expect(page.getByTestId('page-compare')).toBeVisible()
    await expect(cell(page, 1, 2)).toContainText('under way')
    await expect(cell(page, 1, 2)).toContainText('(1)', { timeout: 10_000 })
    await expect(cell(page, 1, 2)).toContainText('(2)', { timeout: 10_000 })

    await cell(page, 1, 2).click()
    await expect(page.getByTestId('matrix-difference')).toContainText('2 pairs')
    await expect(page.getByTestId('matrix-dialog')).toContainText('80 % power')
    await expect(page.getByTestId('matrix-seeds')).toHaveValue('2')
  })

  test('is filled whole from the keyboard, with the static mask of every row', async ({ page }) => {
    await openCompare(page, 'matrix')
    await page.getByTestId('matrix-columns').selectOption('readjustmentInterval')
    await page.getByTestId('matrix-more-rows').fill('iid')
    await expect(page.getByTestId('matrix-fill')).toHaveText('Queue all missing runs (6)')
    await cell(page, 0, 0).focus()
    await page.keyboard.press('Enter')
    await expect(page.getByTestId('matrix-seeds')).toBeFocused()
    await page.keyboard.press('Escape')
    await page.getByTestId('matrix-fill').press('Enter')
    await page.getByTestId('matrix-queue').press('Enter')
    await expect(cell(page, 0, 0)).toContainText('(3)', { timeout: 15_000 })
    await expect(cell(page, 0, 1)).toContainText('(3)', { timeout: 15_000 })
    await expect(page.getByTestId('matrix-fill')).toHaveCount(0)
  })

  test('is copied as Markdown, CSV and LaTeX', async ({ page, context }) => {
    await context.grantPermissions(['clipboard-read', 'clipboard-write'])
    await openCompare(page, 'matrix')
    const shown = /([\d.]+)%/.exec(await cell(page, 0, 0).innerText())?.[1] ?? 'none'
    for (const [format, part] of [
      ['md', `| ${shown} ±`],
      ['latex', '\\toprule'],
      ['csv', 'row,column,measure,n,mean'],
    ]) {
      await page.getByTestId(`matrix-${format}`).click()
      await expect.poll(() => page.evaluate(() => navigator.clipboard.readText())).toContain(part)
    }
  })
})

test.describe('without a rule of accessibility broken', () => {
  // The rule checker is put into the page by the test; the page's own policy is tried in the other files.
  test.use({ bypassCSP: true })

  for (const theme of ['light', 'dark'] as const) {
    for (const locale of ['en', 'zh-CN'] as const) {
      test(`dialogs, groups and details in ${theme}, ${locale}`, async ({ page }) => {
        const errors = collectErrors(page)
        await openApplication(page, { start: 'demo' })
        await page.addScriptTag({ path: axePath })
        await goTo(page, 'settings')
        await page.getByTestId(`theme-${theme}`).check()
        await page.getByTestId(`locale-${locale}`).check()
        await goTo(page, 'compare')
        const check = async (name: string) => {
          await settle(page)
          await page.screenshot({ path: `${folder}/compare-${name}-${theme}-${locale}.png`, animations: 'disabled' })
          const results = await page.evaluate(() =>
            (globalThis as unknown as { axe: { run(): Promise<AxeResults> } }).axe.run(),
          )
          expect(
            results.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html.slice(0, 160))]),
            name,
          ).toEqual([])
        }
        await check('table')
        const least = await page.getByTestId('results').evaluate((table: HTMLElement) => {
          table.style.width = '1px'
          const { offsetWidth } = table
          table.style.width = ''
          return offsetWidth
        })
        // Some room is left for wider numbers than those of this small network.
        expect(least).toBeLessThan(((await page.getByTestId('results').locator('..').boundingBox())?.width ?? 0) - 80)
        await page.getByTestId('tab-matrix').click()
        await page.getByTestId('matrix-columns').selectOption('readjustmentRatio')
        await page.getByTestId('matrix-more-columns').fill('0.5')
        await page.getByTestId('matrix-more-rows').fill('iid, 0.1')
        await page.getByTestId('matrix-card').scrollIntoViewIfNeeded()
        await check('matrix')
        await cell(page, 1, 1).click()
        await check('matrix-dialog')
        await page.keyboard.press('Escape')
        await page.getByTestId('tab-runs').click()
        await page.getByTestId('runs-group').selectOption('setting')
        await page.getByTestId('runs-group-row').first().click()
        await shownRows(page).first().click()
        await page.getByTestId('run-details').scrollIntoViewIfNeeded()
        await check('runs')
        await page.getByTestId('choose-columns').click()
        await check('columns')
        expect(errors).toEqual([])
      })
    }
  }
})
