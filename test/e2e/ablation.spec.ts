import { expect, test } from './application'

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
  await second.window.getByTestId('cancel-run').click()
  await expect(second.runsIn('cancelled')).toHaveCount(1, { timeout: 60_000 })
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
