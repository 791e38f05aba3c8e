import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { RunManifest } from '../../src-main/contract/records'
import { dataHome } from '../../src-main/sessions/home'
import { expect, test, type Laboratory } from './application'

/** Chromium computes in software what a card would. */
const softwareCard = ['--use-webgpu-adapter=swiftshader', '--use-vulkan=swiftshader', '--enable-features=Vulkan']
/** The tests have a data folder of their own; TensorFlow is where it was set up. */
const environment = { ESPALIER_TENSORFLOW: dataHome().tensorflowFolder }

const small = {
  totalClients: '2',
  clientsPerRound: '2',
  samplesPerClient: '16',
  batchSize: '8',
  localEpochs: '1',
  sparsity: '0.95',
}

/** Whether a device is here, from its page; if not, why not is printed. */
async function isHere({ window }: Laboratory, device: string): Promise<boolean> {
  const card = window.getByTestId(`device-${device}`)
  await expect(card).toBeVisible({ timeout: 60_000 })
  if ((await card.getAttribute('data-state')) === 'present') return true
  console.log(`skipped: ${(await card.innerText()).replaceAll('\n', ' ')}`)
  return false
}

async function launch(laboratory: Laboratory, device: string, name: string, rounds: string): Promise<void> {
  await laboratory.show('setup')
  await laboratory.fill({ ...small, rounds, evaluationInterval: rounds })
  await laboratory.window.locator('#input-method').selectOption('small-dense')
  await laboratory.window.locator('#input-model').selectOption('lenet-300-100')
  await laboratory.window.locator('#input-device').selectOption(device)
  await laboratory.launch('run', '0', name)
}

/** On which devices the newest run was trained, in their order. */
async function devicesUsed(home: string): Promise<string[]> {
  const files = await readdir(join(home, 'sessions'), { recursive: true })
  const runs = await Promise.all(
    files
      .filter((file) => file.endsWith('run.json'))
      .map(async (file) => JSON.parse(await readFile(join(home, 'sessions', file), 'utf8')) as RunManifest),
  )
  runs.sort((one, other) => one.createdAt.localeCompare(other.createdAt))
  return (runs.at(-1)?.devices ?? []).map(({ device, trainer }) => `${device}: ${trainer}`)
}

test('runs on WebGPU and on TensorFlow; an engine and a card that are lost leave runs that go on', async ({
  open,
  home,
}) => {
  // A card that is imitated in software shares the processor with everything else.
  test.slow()
  const laboratory = await open(environment, softwareCard)
  const { application, window } = laboratory
  await laboratory.show('devices')
  const hasTensorflow = await isHere(laboratory, 'tensorflow-cpu')
  test.skip(!(await isHere(laboratory, 'webgpu')), 'Chromium finds no card, nor SwiftShader')
  await expect(window.getByTestId('device-webgpu')).toContainText('Chromium')
  await expect(window.getByTestId('device-cpu')).toContainText('espalier')
  await laboratory.screenshot('8-devices')
  const hiddenWindows = () => application.windows().length - 1

  await launch(laboratory, 'webgpu', 'On the card', '2')
  await expect(laboratory.runsIn('finished')).toHaveCount(1, { timeout: 60_000 })
  expect(await devicesUsed(home)).toEqual([expect.stringMatching(/^webgpu: tfjs\/webgpu .*Chromium/)])
  await expect.poll(hiddenWindows).toBe(0)

  if (hasTensorflow) {
    await launch(laboratory, 'tensorflow-cpu', 'On TensorFlow', '2')
    await expect(laboratory.runsIn('finished')).toHaveCount(1, { timeout: 60_000 })
    expect(await devicesUsed(home)).toEqual([expect.stringMatching(/^tensorflow-cpu: tfjs\/tensorflow 2\./)])
  }

  await launch(laboratory, 'webgpu', 'Lost', '5000')
  const round = laboratory.runsIn('running').filter({ hasText: /round [1-9]/ })
  await expect(round).toHaveCount(1, { timeout: 60_000 })
  expect(hiddenWindows()).toBe(1)
  await application.evaluate(({ app }) => {
    const engine = app.getAppMetrics().find(({ name }) => name === 'Espalier Engine')
    if (engine === undefined) throw new Error('there is no engine process')
    process.kill(engine.pid, 'SIGKILL')
  })
  await expect(laboratory.runsIn('interrupted')).toHaveCount(1, { timeout: 60_000 })
  await expect.poll(hiddenWindows).toBe(0)
  const roundsDone = async () =>
    Number(/round (\d+)/.exec(await window.locator('[data-testid^="run-"][data-state]').first().innerText())?.[1])
  const before = await roundsDone()
  await window.getByTestId('resume-run').click()
  await expect.poll(hiddenWindows, { timeout: 60_000 }).toBe(1)
  // Past the round of the kill: the new window trains, and is no longer opening.
  await expect.poll(roundsDone, { timeout: 60_000 }).toBeGreaterThan(before)

  await application.evaluate(({ BrowserWindow }) => {
    BrowserWindow.getAllWindows()
      .find((other) => !other.isVisible())
      ?.webContents.forcefullyCrashRenderer()
  })
  await expect(laboratory.runsIn('failed')).toHaveCount(1, { timeout: 60_000 })
  await expect(window.getByTestId('run-message')).toContainText('The device webgpu was lost: its window ended')
  await expect.poll(hiddenWindows).toBe(0)
  await window.getByTestId('resumeOnProcessor-run').click()
  const kinds = async () => (await devicesUsed(home)).map((use) => use.split(':')[0])
  await expect.poll(kinds, { timeout: 60_000 }).toEqual(['webgpu', 'cpu'])
  await window.getByTestId('cancel-run').click()
  await expect(laboratory.runsIn('cancelled')).toHaveCount(1, { timeout: 60_000 })
  expect(laboratory.complaints).toEqual([])
})
