import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from 'vitest'
import { outsideArchive } from '../../src-main/host/application-files'

const folder = mkdtempSync(join(tmpdir(), 'espalier-packaged-'))
afterAll(() => {
  rmSync(folder, { recursive: true, force: true })
})

it('finds a library of a packaged application beside the archive, and any other file where it is', () => {
  const library = join('resources', 'kernels', 'native', 'sparse.node')
  mkdirSync(join(folder, 'app.asar.unpacked', library, '..'), { recursive: true })
  writeFileSync(join(folder, 'app.asar.unpacked', library), '')
  expect(outsideArchive(join(folder, 'app.asar', library))).toBe(join(folder, 'app.asar.unpacked', library))
  const wasm = join(folder, 'app.asar', 'resources', 'kernels', 'sparse.wasm')
  expect(outsideArchive(wasm)).toBe(wasm)
  const checkout = join(folder, 'espalier', library)
  expect(outsideArchive(checkout)).toBe(checkout)
})
