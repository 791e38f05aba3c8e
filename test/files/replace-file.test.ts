import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { removeLeftovers, replaceFile } from '../../src-main/files/replace-file'
import { temporaryFolder } from '../sessions/temporary-folder'

it('replaces text and bytes and leaves nothing beside them', async () => {
  const folder = temporaryFolder()
  const path = join(folder, 'a.json')
  await replaceFile(path, 'β\n')
  await replaceFile(path, Uint8Array.of(1, 2))
  expect([...readFileSync(path)]).toEqual([1, 2])
  expect(readdirSync(folder)).toEqual(['a.json'])
})

it('is whole whichever of many writers at once comes last', async () => {
  const path = join(temporaryFolder(), 'a')
  const contents = Array.from({ length: 20 }, (_, index) => String(index).repeat(10_000))
  await Promise.all(contents.map((content) => replaceFile(path, content)))
  expect(contents).toContain(readFileSync(path, 'utf8'))
})

it('keeps the old content and tidies up when it cannot write', async () => {
  const folder = temporaryFolder()
  mkdirSync(join(folder, 'a', 'full'), { recursive: true })
  await expect(replaceFile(join(folder, 'a'), 'text')).rejects.toThrow(/EISDIR|ENOTEMPTY/)
  expect(readdirSync(folder)).toEqual(['a'])
})

it('removes what a dead writer left', async () => {
  const folder = temporaryFolder()
  writeFileSync(join(folder, 'a.safetensors.0a1b2c3d.tmp'), '')
  writeFileSync(join(folder, 'a.safetensors'), '')
  await removeLeftovers(folder)
  expect(readdirSync(folder)).toEqual(['a.safetensors'])
})
