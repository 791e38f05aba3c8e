import { resolve } from 'node:path'
import { expect, test, type Page } from '@playwright/test'
import { failureText } from '../../src-main/files/disk-errors'
import { deviceFailure, deviceLost } from '../../src-main/host/devices/device-errors'
import { collectErrors, goTo, openApplication, settle } from './pages'

const folder = resolve(import.meta.dirname, '../output/screenshots')

let errors: string[]
test.beforeEach(({ page }) => {
  errors = collectErrors(page)
})
test.afterEach(() => {
  expect(errors).toEqual([])
})

const asked = (page: Page, name: string) =>
  page.evaluate(
    (wanted) => window.fakeEngine.asked.filter((one) => one.name === wanted).map(({ input }) => input),
    name,
  )
const waiting = (page: Page) =>
  page.locator('[data-testid^="waiting-"]').evaluateAll((rows) => rows.map((row) => row.getAttribute('data-testid')))

/** Four waiting runs behind one that takes a while. */
async function queueFive(page: Page): Promise<void> {
  await openApplication(page, { round: '1500' })
  await expect(page.getByTestId('smallest-client')).toBeVisible()
  await page.getByTestId('seeds').fill('0, 1, 2, 3, 4')
  await page.getByTestId('launch-run').click()
  await expect(page.getByTestId('run-dynamic-0')).toHaveAttribute('data-state', 'running')
  await expect(page.locator('[data-testid^="waiting-"]')).toHaveCount(4)
}

test('the queue is put in order by mouse, by keyboard and by priority', async ({ page }) => {
  await queueFive(page)
  await page.getByTestId('waiting-dynamic-4').dragTo(page.getByTestId('waiting-dynamic-1'))
  await expect.poll(() => waiting(page)).toEqual(['4', '1', '2', '3'].map((seed) => `waiting-dynamic-${seed}`))

  const handle = page.getByTestId('waiting-dynamic-1').getByTestId('move')
  await handle.focus()
  await page.keyboard.press('ArrowDown')
  await expect.poll(() => waiting(page)).toEqual(['4', '2', '1', '3'].map((seed) => `waiting-dynamic-${seed}`))
  await expect(handle).toBeFocused()
  await expect(page.getByTestId('queue')).toContainText('Dynamic pruning, seed 1: place 3 of 4')
  await page.keyboard.press('Home')
  await expect.poll(() => waiting(page)).toEqual(['1', '4', '2', '3'].map((seed) => `waiting-dynamic-${seed}`))

  await page.getByTestId('waiting-dynamic-3').getByTestId('priority').selectOption('high')
  await expect.poll(() => waiting(page)).toEqual(['3', '1', '4', '2'].map((seed) => `waiting-dynamic-${seed}`))
  await page.getByTestId('waiting-dynamic-2').getByTestId('to-first').click()
  await expect.poll(() => waiting(page)).toEqual(['2', '3', '1', '4'].map((seed) => `waiting-dynamic-${seed}`))
})

test('a held queue starts nothing, says so, and goes on', async ({ page }) => {
  await openApplication(page, { round: '20' })
  await expect(page.getByTestId('smallest-client')).toBeVisible()
  await page.keyboard.press('ControlOrMeta+k')
  await page.keyboard.type('hold the queue')
  await page.keyboard.press('Enter')
  await page.locator('#input-rounds').fill('3')
  await page.getByTestId('seeds').fill('0, 1')
  await page.getByTestId('launch-run').click()
  await expect(page.getByTestId('message')).toContainText('the queue is held')
  await expect(page.getByTestId('queue-held')).toContainText('2 wait')
  await expect(page.getByTestId('run-dynamic-0')).toHaveAttribute('data-state', 'queued')
  await page.getByTestId('hold-queue').click()
  await expect(page.getByTestId('runs-summary')).toHaveText('2 of 2 runs finished')
  await expect(page.getByTestId('queue')).toHaveCount(0)
})

test('a run pauses after its round; lanes, load and the time of all runs are shown meanwhile', async ({ page }) => {
  await queueFive(page)
  const row = page.getByTestId('run-dynamic-0')
  await expect(page.getByTestId('machine')).toContainText('93% of 2 cores')
  const lanes = page.getByTestId('lanes')
  await expect(lanes.getByRole('img', { name: 'Thread 1: client' })).toBeVisible()
  await lanes.getByRole('button', { name: 'Table' }).click()
  await expect(lanes.getByRole('row')).toHaveCount(11)
  await expect(lanes.getByRole('row').last()).toContainText('under way')
  await expect(page.getByTestId('all-left')).toContainText(/all: ≈ \d/)
  await row.getByTestId('pauseRound-run').click()
  await expect(row).toContainText('pauses after this round')
  await expect(row).toHaveAttribute('data-state', 'paused')
  await expect(page.getByTestId('run-dynamic-1')).toHaveAttribute('data-state', 'running')
})

test('a failed run says what can be done: go on, start over, change the set-up', async ({ page }) => {
  await openApplication(page, { start: 'demo', round: '400' })
  await goTo(page, 'sessions')
  await page.getByRole('button', { name: 'β = 0.1, first try', exact: true }).click()
  await page.getByTestId('open-session-button').click()
  await goTo(page, 'runs')
  const failed = page.getByTestId('run-none-0')
  await expect(failed.getByTestId('resume-run')).toHaveText('Resume after round 3')
  await failed.getByTestId('edit-run').click()
  await expect(page.locator('#input-method')).toHaveValue('none')
  await expect(page.locator('#input-dirichletConcentration')).toHaveValue('0.1')
  await goTo(page, 'runs')
  await failed.getByTestId('startOver-run').click()
  await expect(failed).toHaveAttribute('data-state', 'running')
  expect(await asked(page, 'runs.resume')).toEqual([expect.objectContaining({ from: 'start' })])
  await page.getByTestId('run-small-dense-0').getByTestId('startOver-run').click()
  await expect(page.getByTestId('waiting-small-dense-0')).toBeVisible()
  await page.getByTestId('show-state').selectOption('paused')
  await expect(page.getByTestId('runs').getByRole('row')).toHaveCount(2)
})

test('a run that another process executes is shown as it goes on and when that process ends', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  await goTo(page, 'runs')
  const tell = (state: 'running' | 'interrupted', roundsDone: number) =>
    page.evaluate(
      async (change) => {
        const reply = await window.fakeEngine.invoke('sessions.list', undefined)
        if (!reply.ok) throw new Error(reply.error.message)
        const sessionId = (reply.value as { manifest: { id: string } }[])[1].manifest.id
        const opened = await window.fakeEngine.invoke('sessions.open', { sessionId })
        if (!opened.ok) throw new Error(opened.error.message)
        const [run] = (opened.value as { runs: object[] }).runs
        window.fakeEngine.emit({ type: 'run.elsewhere', sessionId, run: { ...run, ...change } as never })
      },
      { state, roundsDone },
    )
  const row = page.getByTestId('run-dynamic-0')
  await tell('running', 5)
  await expect(row).toHaveAttribute('data-state', 'running')
  const records = (await asked(page, 'runs.records')).length
  await tell('interrupted', 6)
  await expect(row).toHaveAttribute('data-state', 'interrupted')
  await expect(row.getByTestId('resume-run')).toBeVisible()
  // Its records are read too, for nothing tells of them.
  await expect.poll(async () => (await asked(page, 'runs.records')).length).toBeGreaterThan(records)
})

/** The engine's own words where they can be had from it, and what must be offered beside them, in the order of the page. */
const failures = [
  {
    seed: 0,
    message: deviceFailure('webgpu', new Error('OOM when allocating tensor')).message,
    advice: 'it needs less at once',
    remedies: ['mend-run'],
  },
  {
    seed: 1,
    message: failureText(Object.assign(new Error('ENOSPC: write'), { code: 'ENOSPC', path: '/home/ada/run.json' })),
    advice: 'Free some space or give access, then resume',
    remedies: ['show-folder', 'to-settings'],
  },
  {
    seed: 2,
    message:
      'The mnist files are not the ones this run started with, so it cannot go on; restore them or launch a new run.',
    advice: 'fetch or import it again, then resume',
    remedies: ['to-settings'],
  },
  {
    seed: 3,
    message: deviceLost('webgpu', 'its window ended (crashed)').message,
    advice: 'See among the devices what it lacks',
    remedies: ['to-devices'],
  },
  {
    seed: 4,
    message: 'A training thread ended unexpectedly with code 9.',
    advice: 'Fewer worker threads (in the settings) need less',
    remedies: ['to-settings'],
  },
] as const

test('a failed run says what would help, and leads there', async ({ page }) => {
  await openApplication(page, { start: 'demo' })
  const batchSize = await page.evaluate(async (told) => {
    const reply = await window.fakeEngine.invoke('sessions.list', undefined)
    if (!reply.ok) throw new Error(reply.error.message)
    const sessionId = (reply.value as { manifest: { id: string } }[])[1].manifest.id
    const opened = await window.fakeEngine.invoke('sessions.open', { sessionId })
    if (!opened.ok) throw new Error(opened.error.message)
    const [run] = (opened.value as { runs: { experiment: { batchSize: number } }[] }).runs
    for (const { seed, message } of told) {
      const failed = {
        ...run,
        id: `failed-${seed}`,
        state: 'failed',
        roundsDone: 7,
        message,
        experiment: { ...run.experiment, seed: 90 + seed },
      }
      window.fakeEngine.emit({ type: 'run.state', sessionId, run: failed as never })
    }
    return run.experiment.batchSize
  }, failures)
  await goTo(page, 'runs')
  await page.getByTestId('show-state').selectOption('failed')
  const help = (seed: number) => page.getByTestId(`run-dynamic-${90 + seed}`).getByTestId('failure-help')
  for (const { seed, advice, remedies } of failures) {
    await expect(help(seed)).toContainText(advice)
    const offered = await help(seed)
      .getByRole('button')
      .evaluateAll((buttons) => buttons.map((button) => button.getAttribute('data-testid')))
    expect(offered, advice).toEqual(remedies)
  }
  await page.setViewportSize({ width: 1280, height: 1200 })
  await settle(page)
  await page.screenshot({ path: `${folder}/runs-failed.png`, animations: 'disabled' })

  await help(1).getByTestId('show-folder').click()
  await expect.poll(async () => (await asked(page, 'sessions.reveal')).length).toBe(1)
  for (const [seed, remedy, shown] of [
    [1, 'to-settings', 'settings'],
    [2, 'to-settings', 'settings'],
    [3, 'to-devices', 'devices'],
    [4, 'to-settings', 'settings'],
    [0, 'mend-run', 'setup'],
  ] as const) {
    await goTo(page, 'runs')
    await help(seed).getByTestId(remedy).click()
    await expect(page.getByTestId(`page-${shown}`)).toBeVisible()
  }
  await expect(page.locator('#input-batchSize')).toHaveValue(String(Math.floor(batchSize / 2)))
})

for (const [theme, locale] of [
  ['light', 'en'],
  ['dark', 'zh-CN'],
] as const) {
  test(`the page while runs are going on, ${theme} ${locale}`, async ({ page }) => {
    await queueFive(page)
    await page.evaluate(() => window.fakeEngine.invoke('queue.hold', { isHeld: true }))
    await goTo(page, 'settings')
    await page.getByTestId(`theme-${theme}`).check()
    await page.getByTestId(`locale-${locale}`).check()
    await goTo(page, 'runs')
    await expect(page.getByTestId('lanes')).toBeVisible()
    await settle(page)
    await page.screenshot({ path: `${folder}/runs-busy-${theme}-${locale}.png`, animations: 'disabled' })
  })
}
