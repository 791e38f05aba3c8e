import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { isStale } from '../../resources/scripts/build.mjs'
import { verifyRuntime } from '../../resources/scripts/runtime/fallback.mjs'
import { displayObstacle } from '../../resources/scripts/runtime/obstacles.mjs'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-start-'))
})

function write(name: string, content = ''): string {
  const file = join(folder, name)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, content)
  return file
}

describe('whether a window can open', () => {
  it('names the missing display', () => {
    expect(displayObstacle('linux', {}, 1000)).toContain('no display')
    expect(displayObstacle('linux', { DISPLAY: '' }, 1000)).toContain('no display')
  })
  it('does not drop the sandbox for root without being told to', () => {
    expect(displayObstacle('linux', { DISPLAY: ':0' }, 0)).toContain('ESPALIER_NO_SANDBOX=1')
    expect(displayObstacle('linux', { DISPLAY: ':0', ESPALIER_NO_SANDBOX: '1' }, 0)).toBeNull()
  })
  it('finds nothing in the way of an ordinary user', () => {
    expect(displayObstacle('linux', { DISPLAY: ':0' }, 1000)).toBeNull()
    expect(displayObstacle('linux', { WAYLAND_DISPLAY: 'wayland-0' }, 1000)).toBeNull()
    expect(displayObstacle('darwin', {}, 501)).toBeNull()
    expect(displayObstacle('win32', {}, undefined)).toBeNull()
  })
})

describe('verifying the fallback runtime', () => {
  const sha1 = (content: string) => createHash('sha1').update(content).digest('hex')
  const verify = () => verifyRuntime(join(folder, 'runtime'), join(folder, 'list.json'))

  beforeEach(() => {
    write('runtime/electron', 'binary')
    write('runtime/locales/en.pak', 'words')
    // What the project adds and what the package lacks are no deviation.
    write('runtime/resources/app/main.js', 'ours')
    write(
      'list.json',
      JSON.stringify({
        electron: sha1('binary'),
        'locales/en.pak': sha1('words'),
        version: sha1('33.2.1'),
        'resources/default_app.asar': sha1('archive'),
      }),
    )
  })

  it('accepts the official files', async () => {
    expect(await verify()).toEqual([])
  })
  it('names a file that differs', async () => {
    write('runtime/locales/en.pak', 'wordz')
    expect(await verify()).toEqual(['locales/en.pak differs from the official file'])
  })
  it('names a file too many', async () => {
    write('runtime/resources/extra.so', 'x')
    expect(await verify()).toEqual([expect.stringContaining('resources/extra.so is not part of Electron')])
  })
  it('names a missing file', async () => {
    rmSync(join(folder, 'runtime/electron'))
    expect(await verify()).toEqual(['electron is missing'])
  })
  it('says that there is no runtime', async () => {
    rmSync(join(folder, 'runtime'), { recursive: true })
    expect(await verify()).toEqual([expect.stringContaining('does not exist')])
  })
})

describe('whether to build', () => {
  const products = ['out/main/index.js', 'out/main/cli.js', 'out/preload/index.cjs', 'out/renderer/index.html']
  const touch = (name: string, seconds: number) => {
    utimesSync(write(name), seconds, seconds)
  }

  beforeEach(() => {
    touch('src-main/shell/deep/a.ts', 1000)
    touch('src-renderer/main.ts', 1000)
    for (const name of products) touch(name, 2000)
  })

  it('builds nothing that is newer than its sources', () => {
    expect(isStale(folder)).toBe(false)
  })
  it('builds when a source is newer', () => {
    touch('src-main/shell/deep/a.ts', 3000)
    expect(isStale(folder)).toBe(true)
  })
  it('builds when one product is missing', () => {
    rmSync(join(folder, 'out/preload/index.cjs'))
    expect(isStale(folder)).toBe(true)
  })
})
