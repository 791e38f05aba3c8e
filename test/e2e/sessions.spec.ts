import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from './application'

const small = {
  totalClients: '4',
  clientsPerRound: '4',
  samplesPerClient: '40',
  rounds: '4',
  readjustmentInterval: '1',
}

test('two runs in lock-step; their session leaves in one file and comes back by dialog and by argument', async ({
  open,
  home,
}) => {
  const laboratory = await open()
  const { application, window } = laboratory
  await laboratory.fill(small)
  await laboratory.launch('run', '0, 1', 'Sent by mail')
  await expect(laboratory.runsIn('finished')).toHaveCount(2, { timeout: 150_000 })

  await laboratory.show('layers')
  await window.getByTestId('mask-layer').selectOption({ label: 'fc1' })
  await window.getByTestId('mask-beside').selectOption({ index: 1 })
  await window.getByTestId('mask-update').press('Home')
  for (const picture of ['mask-picture', 'mask-pane-beside-picture']) {
    await expect(window.getByTestId(picture)).toHaveAttribute('aria-label', /First mask.*Active: 2[\d,]+/)
  }
  await window.getByTestId('mask-update').press('ArrowRight')
  for (const picture of ['mask-picture', 'mask-pane-beside-picture']) {
    await expect(window.getByTestId(picture)).toHaveAttribute('aria-label', /Update 1.*Grown: [1-9]/)
  }
  await laboratory.screenshot('6-lock-step')
  await window.getByTestId('layers-measure').selectOption('meanAge')
  await expect(window.getByTestId('matrix').first()).toHaveAttribute('aria-label', /fc1: [\d.]+ rounds/)

  // The dialogs are the system's own and out of reach; their answers are given here.
  const archive = join(home, 'mailed.espalier')
  await application.evaluate(({ dialog }, file) => {
    dialog.showSaveDialog = () => Promise.resolve({ canceled: false, filePath: file })
    dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [file] })
  }, archive)
  await laboratory.show('compare')
  const results = await window.getByTestId('page-compare').innerText()
  await laboratory.show('sessions')
  await window.getByTestId('export-session').click()
  await expect(window.getByTestId('message')).toContainText('mailed.espalier')
  expect(existsSync(archive)).toBe(true)
  await window.getByTestId('delete-session').click()
  await expect(window.getByTestId('session-row')).toHaveCount(0)

  await window.getByTestId('import-session').click()
  await expect(window.getByTestId('open-session')).toHaveText('Sent by mail')
  await window.getByTestId('verify').click()
  await expect(window.getByTestId('verify-report')).toContainText('all is well')
  await laboratory.screenshot('7-imported')
  await laboratory.show('compare')
  expect(await window.getByTestId('page-compare').innerText()).toBe(results)

  // As when the file is opened from the file manager while the application runs.
  await application.evaluate(({ app }, file) => {
    app.emit('second-instance', {}, ['espalier', '--no-sandbox', file], '/')
  }, archive)
  await expect(window.getByTestId('session-row')).toHaveCount(2)
  expect(laboratory.complaints).toEqual([])
})
