import { expect, test, type Page } from '@playwright/test'
import { collectErrors, goTo, openApplication } from './pages'

let errors: string[]
test.beforeEach(({ page }) => {
  errors = collectErrors(page)
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

const rows = (page: Page) => page.getByTestId('session-row')
const asked = (page: Page, name: string) =>
  page.evaluate(
    (wanted) => window.fakeEngine.asked.filter((one) => one.name === wanted).map(({ input }) => input),
    name,
  )

test('tags and search find sessions; notes are kept while they are typed', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'sessions')
  await page.getByTestId('tags').fill('paper, #figure 2,,paper')
  await page.getByTestId('tags').press('Enter')
  await expect(rows(page).first()).toContainText('figure 2')
  expect(await asked(page, 'sessions.update')).toEqual([expect.objectContaining({ tags: ['paper', 'figure 2'] })])

  const search = page.getByTestId('session-search')
  await search.fill('#pap')
  await expect(rows(page)).toHaveCount(1)
  await search.fill('β = 0.1')
  await expect(rows(page)).toHaveText(/first try/)
  await search.fill('small dense pilot')
  await expect(rows(page)).toHaveText(/Four arms/)
  await search.fill('nowhere to be found')
  await page.getByRole('button', { name: 'Show all sessions' }).click()
  await expect(rows(page)).toHaveCount(2)

  await page.getByTestId('notes').pressSequentially('Typed and never left.')
  await expect.poll(async () => JSON.stringify(await asked(page, 'sessions.update'))).toContain('Typed and never left.')
  await expect(page.getByTestId('session-details')).toContainText('Saved')
})

test('export, cancel, import, duplicate and merge', async ({ page }) => {
  await openApplication(page, { start: 'demo', round: '120' })
  await goTo(page, 'sessions')
  await page.getByTestId('export-session').click()
  await expect(page.getByTestId('transfer')).toContainText('Exporting the session')
  await expect(page.getByTestId('message')).toContainText('.espalier (12.3 MB)')
  // Slow enough to be cancelled, however busy the machine is.
  await page.evaluate(() => {
    window.fakeEngine.roundMilliseconds = 1000
  })
  await page.getByTestId('export-session').click()
  await page.getByTestId('cancel-transfer').click()
  await expect(page.getByTestId('transfer')).toHaveCount(0)
  await page.evaluate(() => {
    window.fakeEngine.roundMilliseconds = 20
  })
  // A cancelled export is no failure.
  await expect(page.getByTestId('message')).toHaveCount(1)

  await page.getByTestId('import-session').click()
  await expect(page.getByTestId('open-session')).toHaveText('Session out of an archive')
  await expect(rows(page)).toHaveCount(3)
  await page.getByTestId('duplicate-session').click()
  await expect(page.getByTestId('open-session')).toHaveText('Session out of an archive (copy)')
  for (const name of ['Session out of an archive', 'Four arms, S = 0.9, β = 0.5']) {
    await page.getByRole('checkbox', { name: `Choose for merging: ${name}`, exact: true }).check()
  }
  await page.getByTestId('merge-sessions').click()
  await expect(page.getByTestId('open-session')).toContainText(' + ')
  await expect(rows(page)).toHaveCount(5)
  await goTo(page, 'runs')
  await expect(page.getByTestId('runs-summary')).toContainText('13 of 13')
})

const soon = { timeout: 15_000 }

test('what is dropped on the window or given by the system opens', async ({ page }) => {
  await openApplication(page, { start: 'demo', round: '10' })
  const drop = (name: string) =>
    page.evaluate((file) => {
      const data = new DataTransfer()
      data.items.add(new File([''], file))
      for (const type of ['dragover', 'drop']) {
        window.dispatchEvent(new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true }))
      }
    }, name)
  await drop('mailed.espalier')
  await expect(page.getByTestId('open-session')).toHaveText('mailed.espalier', soon)
  await expect(page.getByTestId('page-sessions')).toBeVisible()
  await expect(page.getByTestId('drop-target')).toHaveCount(0)
  await drop('thesis.txt')
  await expect(page.getByTestId('message')).toContainText('thesis.txt is neither a session folder nor an archive')

  await page.evaluate(() => {
    window.fakeEngine.arrived.push('/mnt/usb/given.espalier')
    window.fakeEngine.emit({ type: 'sessions.arrival' })
  })
  await expect(page.getByTestId('open-session')).toHaveText('given.espalier', soon)
})

test('sessions opened lately are offered where none is open', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'sessions')
  await page.getByRole('button', { name: 'β = 0.1, first try', exact: true }).click()
  await page.getByTestId('open-session-button').click()
  await expect(page.getByTestId('open-session')).toHaveText('β = 0.1, first try')
  await page.getByRole('button', { name: 'Four arms, S = 0.9, β = 0.5', exact: true }).click()
  await page.getByTestId('open-session-button').click()
  await page.getByTestId('delete-session').click()
  await page.getByTestId('nav-runs').click()
  await page.getByTestId('recent-session').click()
  await expect(page.getByTestId('open-session')).toHaveText('β = 0.1, first try')
})
