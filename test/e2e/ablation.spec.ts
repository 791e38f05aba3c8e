import { once } from 'node:events'
import { expect, test, type Laboratory } from './application'

/** Small enough for a shared machine, large enough for a topology update. */
const small = {
  totalClients: '4',
  clientsPerRound: '4',
  samplesPerClient: '40',
  rounds: '3',
  readjustmentInterval: '1',
}

test('a four-arm ablation by mouse, read, looked into, and found again after a restart', async ({ open }) => {
  const first = await open()
  await first.fill(small)
  await expect(first.window.getByTestId('launch-ablation')).toBeEnabled()
  await first.screenshot('1-setup')
  await first.launch('ablation', '0', 'Ablation by mouse')
  await expect(first.runsIn('finished')).toHaveCount(4, { timeout: 150_000 })
  await first.screenshot('2-runs')

  await first.show('compare')
  for (const method of ['dynamic', 'static', 'none', 'small-dense']) {
    await expect(first.window.getByTestId(`result-${method}`)).toContainText('%')
  }
  await first.screenshot('3-compare')
  const results = await first.window.getByTestId('results').innerText()
  await first.window.getByTestId('copy-md').click()
  await expect
    .poll(() => first.application.evaluate(({ clipboard }) => clipboard.readText()))
    .toContain('| Dynamic pruning | 1 |')

  await first.show('layers')
  await expect(first.window.getByTestId('page-layers')).toContainText('conv1')
  const picture = first.window.getByTestId('mask-picture')
  const last = await picture.getAttribute('aria-label')
  await first.window.getByTestId('mask-update').press('Home')
  await expect(picture).not.toHaveAttribute('aria-label', last ?? '')
  await first.screenshot('4-layers')
  expect(first.complaints).toEqual([])
  await first.quit()

  const second = await open()
  await expect(second.window.getByTestId('open-session')).toContainText('Ablation by mouse')
  await second.show('compare')
  expect(await second.window.getByTestId('results').innerText()).toBe(results)
  await second.screenshot('5-reopened')
  expect(second.complaints).toEqual([])
})

test('quitting stops a run at its checkpoint, and it can be resumed', async ({ open }) => {
  const first = await open()
  await first.fill({ ...small, rounds: '500' })
  await first.launch('run', '0', 'Interrupted by quitting')
  await expect(first.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
  await first.quit()

  const second = await open()
  await second.show('runs')
  // It waits again, at the head of a queue that is held until the user continues it.
  await expect(second.runsIn('queued')).toHaveCount(1)
  await second.window.getByTestId('hold-queue').click()
  await expect(second.runsIn('running')).toHaveCount(1, { timeout: 60_000 })

  // Killed in the middle of it, as by a power cut: it says so, and goes on behind what it had done.
  const roundsDone = async (laboratory: Laboratory) =>
    Number(/round (\d+) of/.exec(await laboratory.window.getByTestId('run-dynamic-0').innerText())?.[1])
  const before = await roundsDone(second)
  await expect.poll(() => roundsDone(second), { timeout: 60_000 }).toBeGreaterThan(before)
  const killed = await roundsDone(second)
  const engine = await second.application.evaluate(
    ({ app }) => app.getAppMetrics().find(({ name }) => name === 'Espalier Engine')?.pid ?? 0,
  )
  // Its engine outlives it for a moment and holds the session; here that moment lasts until the next window has opened.
  process.kill(engine, 'SIGSTOP')
  const main = second.application.process()
  main.kill('SIGKILL')
  await once(main, 'exit')
  const third = await open()
  await third.show('runs')
  await expect(third.runsIn('running')).toHaveCount(1)
  process.kill(engine, 'SIGKILL')
  await expect(third.runsIn('interrupted')).toHaveCount(1)
  expect(await roundsDone(third)).toBeGreaterThanOrEqual(killed)
  await third.window.getByTestId('resume-run').click()
  await expect(third.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
  await expect.poll(() => roundsDone(third), { timeout: 60_000 }).toBeGreaterThan(killed)
  await third.window.getByTestId('cancel-run').click()
  await expect(third.runsIn('cancelled')).toHaveCount(1, { timeout: 60_000 })
  expect(third.complaints).toEqual([])
})

test('a sweep by keyboard alone: set up, run, read, and an empty cell of its matrix filled', async ({ open }) => {
  const laboratory = await open()
  const { window } = laboratory
  const { keyboard } = window
  /** Goes on with the Tab key until this has the focus. */
  const tabTo = async (testid: string) => {
    const target = window.getByTestId(testid).first()
    for (let presses = 0; presses < 300; presses++) {
      if (await target.evaluate((element) => element === document.activeElement)) return
      await keyboard.press('Tab')
    }
    throw new Error(`the Tab key does not come to ${testid}`)
  }
  const type = async (testid: string, text: string) => {
    await tabTo(testid)
    await keyboard.press('ControlOrMeta+a')
    await keyboard.type(text)
  }
  await keyboard.press('ControlOrMeta+1')
  for (const [field, value] of Object.entries(small)) {
    // The same as reaching it by Tab, once for every field of the form.
    await window.locator(`#input-${field}`).focus()
    await keyboard.press('ControlOrMeta+a')
    await keyboard.type(value)
  }
  await tabTo('add-axis')
  await keyboard.type('Readjustment interval')
  await type('axis-values-readjustmentInterval', '1, 2')
  await tabTo('with-static')
  await keyboard.press('Space')
  await type('seeds', '0')
  await type('session-name', 'Sweep by keyboard')
  await keyboard.press('ControlOrMeta+Alt+Enter')
  await expect(window.getByTestId('page-runs')).toBeVisible()
  await expect(laboratory.runsIn('finished')).toHaveCount(3, { timeout: 150_000 })

  await keyboard.press('ControlOrMeta+3')
  await tabTo('tab-table')
  await keyboard.press('ArrowRight')
  await expect(window.getByTestId('matrix')).toBeVisible()
  await type('matrix-more-columns', '3')
  await tabTo('matrix-cell')
  await keyboard.press('End')
  const hole = window.getByTestId('matrix-cell').last()
  await expect(hole).toBeFocused()
  await expect(hole).toContainText('not run')
  await keyboard.press('Enter')
  await expect(window.getByTestId('matrix-seeds')).toBeFocused()
  await expect(window.getByTestId('matrix-seeds')).toHaveValue('0')
  await keyboard.press('Enter')
  await expect(hole).toContainText('(1)', { timeout: 150_000 })
  await expect(hole).toContainText('%')
  await laboratory.screenshot('8-filled-by-keyboard')

  await keyboard.press('ControlOrMeta+4')
  await expect(window.getByTestId('mask-picture')).toHaveAttribute('aria-label', /conv1/)
  expect(laboratory.complaints).toEqual([])
})

test('closing the window during a run asks first, and No keeps everything going', async ({ open }) => {
  const laboratory = await open({ ESPALIER_CONFIRM_QUIT: '1' })
  const { application } = laboratory
  await laboratory.fill({ ...small, rounds: '500' })
  await laboratory.launch('run', '0', 'Asked before quitting')
  await expect(laboratory.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
  // The dialog is the system's own and out of reach; its two answers are given here.
  await application.evaluate(({ dialog, BrowserWindow }) => {
    const answers = [0, 1]
    const asked: string[] = []
    Object.assign(globalThis, { asked })
    dialog.showMessageBox = ((_: unknown, { message }: { message: string }) => {
      asked.push(message)
      return Promise.resolve({ response: answers.shift() ?? 1, checkboxChecked: false })
    }) as typeof dialog.showMessageBox
    BrowserWindow.getAllWindows()[0]?.close()
  })
  await expect
    .poll(() => application.evaluate(() => (globalThis as unknown as { asked: string[] }).asked))
    .toEqual(['A run is going on. Quit Espalier?'])
  await expect(laboratory.runsIn('running')).toHaveCount(1)
  await laboratory.quit()
})

test('the application outlives its engine', async ({ open }) => {
  const laboratory = await open()
  const { application, window } = laboratory
  await laboratory.fill({ ...small, rounds: '500' })
  await laboratory.launch('run', '0', 'Lost engine')
  await expect(laboratory.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
  await application.evaluate(({ app }) => {
    const engine = app.getAppMetrics().find(({ name }) => name === 'Espalier Engine')
    if (engine === undefined) throw new Error('there is no engine process')
    process.kill(engine.pid, 'SIGKILL')
  })
  await expect(window.getByTestId('message').first()).toContainText('engine')
  await expect(laboratory.runsIn('interrupted')).toHaveCount(1, { timeout: 60_000 })
  await window.getByTestId('resume-run').click()
  await expect(laboratory.runsIn('running')).toHaveCount(1, { timeout: 60_000 })
})
