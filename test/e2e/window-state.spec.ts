import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test, type Laboratory } from './application'

const small = { totalClients: '4', clientsPerRound: '4', samplesPerClient: '40', rounds: '500' }
const boundsOf = ({ application }: Laboratory) =>
  application.evaluate(({ BrowserWindow }) => BrowserWindow.getAllWindows()[0]?.getNormalBounds())

test('the window comes back with its size, and to a screen that is there', async ({ open, home }) => {
  const first = await open()
  await first.application.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()[0]?.setBounds({ x: 40, y: 30, width: 1010, height: 720 })
  })
  await expect.poll(() => boundsOf(first)).toMatchObject({ width: 1010, height: 720 })
  await first.quit()
  const second = await open()
  expect(await boundsOf(second)).toMatchObject({ width: 1010, height: 720 })
  await second.quit()

  const file = join(home, 'desktop', 'preferences.json')
  const stored = JSON.parse(await readFile(file, 'utf8')) as { window: { bounds: object } }
  await writeFile(file, JSON.stringify({ ...stored, window: { bounds: { ...stored.window.bounds, x: 90_000, y: 0 } } }))
  const third = await open()
  const bounds = await boundsOf(third)
  expect(bounds).toMatchObject({ width: 1010, height: 720 })
  expect(bounds.x).toBeLessThan(10_000)
})

test('runs that waited wait again after a restart, in their order, and go on', async ({ open }) => {
  const first = await open()
  await first.fill(small)
  await first.launch('run', '0, 1, 2', 'Queue')
  await expect(first.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
  await first.window.getByTestId('waiting-dynamic-2').getByTestId('to-first').click()
  const order = ({ window }: Laboratory) =>
    window
      .locator('[data-testid^="waiting-"]')
      .evaluateAll((rows) => rows.map((row) => row.getAttribute('data-testid')))
  await expect.poll(() => order(first)).toEqual(['waiting-dynamic-2', 'waiting-dynamic-1'])
  await expect(first.window.getByTestId('lanes')).toBeVisible()
  await expect(first.window.getByTestId('machine')).toContainText('cores')
  await first.quit()

  const second = await open()
  await second.show('runs')
  await expect(second.window.getByTestId('queue-held')).toBeVisible()
  expect(await order(second)).toEqual(['waiting-dynamic-0', 'waiting-dynamic-2', 'waiting-dynamic-1'])
  await second.window.getByTestId('hold-queue').click()
  await expect(second.window.getByTestId('run-dynamic-0')).toHaveAttribute('data-state', 'running')
  await second.window.getByTestId('run-dynamic-0').getByTestId('pauseRound-run').click()
  await expect(second.window.getByTestId('run-dynamic-0')).toHaveAttribute('data-state', 'paused', { timeout: 60_000 })
  await expect(second.window.getByTestId('run-dynamic-2')).toHaveAttribute('data-state', 'running')
  await second.window.keyboard.press('ControlOrMeta+Shift+h')
  await second.window.getByTestId('run-dynamic-2').getByTestId('pause-run').click()
  await expect(second.runsIn('running')).toHaveCount(0)
})

test('the tour opens the example session; sessions move to another folder and back', async ({ open, home }) => {
  const laboratory = await open()
  const { application, window } = laboratory
  await window.getByTestId('take-tour').click()
  await expect(window.getByTestId('tour')).toContainText('1 of 9')
  await expect(window.getByTestId('open-session')).toContainText('Example')
  for (let step = 1; step <= 9; step++) await window.getByTestId('tour-next').click()
  await laboratory.show('sessions')
  await window.getByTestId('verify').click()
  await expect(window.getByTestId('verify-report')).toContainText('all is well')

  const elsewhere = join(home, 'elsewhere')
  await application.evaluate(({ dialog }, folder) => {
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [folder] })
  }, elsewhere)
  await laboratory.show('settings')
  await window.getByTestId('choose-sessions').click()
  // The engine is started again for this.
  await expect(window.getByTestId('folders')).toContainText(elsewhere, { timeout: 60_000 })
  await laboratory.show('sessions')
  await expect(window.getByTestId('session-row')).toHaveCount(0)
  await laboratory.show('settings')
  await window.getByTestId('default-sessions').click()
  await laboratory.show('sessions')
  await expect(window.getByTestId('session-row')).toHaveCount(1, { timeout: 60_000 })
  expect(laboratory.complaints).toEqual([])
})
