import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { DeviceReport } from '../../src-main/contract/devices'
import type { RunManifest } from '../../src-main/contract/records'
import { expect, test, type Laboratory } from './application'

/** Chromium computes in software what a card would. */
const softwareCard = ['--use-webgpu-adapter=swiftshader', '--use-vulkan=swiftshader', '--enable-features=Vulkan']
const small = {
  totalClients: '2',
  clientsPerRound: '2',
  samplesPerClient: '16',
  batchSize: '8',
  localEpochs: '1',
  rounds: '2',
  evaluationInterval: '2',
  sparsity: '0.95',
}

async function devicesOf({ window: page }: Laboratory): Promise<readonly DeviceReport[]> {
  return page.evaluate(async () => {
    const bridge = window.espalier as unknown as { invoke(command: string): Promise<{ value: DeviceReport[] }> }
    return (await bridge.invoke('devices.list')).value
  })
}

async function skipWithout(laboratory: Laboratory, device: string): Promise<void> {
  const report = (await devicesOf(laboratory)).find((found) => found.device === device)
  if (report?.state === 'present') return
  const reason = report === undefined ? `${device} is not listed` : `${report.problem}. ${report.remedy}`
  console.log(`skipped: ${device}: ${reason}`)
  test.skip(true, reason)
}

async function launch(laboratory: Laboratory, device: string, name: string, values = {}): Promise<void> {
  await laboratory.show('setup')
  await laboratory.fill({ ...small, ...values })
  await laboratory.window.locator('#input-method').selectOption('small-dense')
  await laboratory.window.locator('#input-model').selectOption('lenet-300-100')
  await laboratory.window.locator('#input-device').selectOption(device)
  await laboratory.launch('run', '0', name)
}

async function manifests(home: string): Promise<RunManifest[]> {
  const files = await readdir(join(home, 'sessions'), { recursive: true })
  const runs = files.filter((file) => file.endsWith('run.json'))
  return Promise.all(
    runs.map(async (file) => JSON.parse(await readFile(join(home, 'sessions', file), 'utf8')) as RunManifest),
  )
}

test('a run on WebGPU, in a hidden window', async ({ open, home }) => {
  const laboratory = await open({}, softwareCard)
  await skipWithout(laboratory, 'webgpu')
  await launch(laboratory, 'webgpu', 'On the card')
  await expect(laboratory.runsIn('finished')).toHaveCount(1, { timeout: 60_000 })
  const [finished] = await manifests(home)
  expect(finished.devices).toMatchObject([
    { device: 'webgpu', trainer: expect.stringContaining('Chromium') as unknown, promise: 'tolerance' },
  ])
  // Its window has gone with the run.
  await expect.poll(() => laboratory.application.windows().length).toBe(1)
  expect(laboratory.complaints).toEqual([])
})
