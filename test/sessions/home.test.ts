import { existsSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from 'vitest'
import { dataHome, setDataFolder } from '../../src-main/sessions/home'
import { temporaryFolder } from './temporary-folder'

it('keeps sessions and data sets where the user wants them, from the next start on', async () => {
  const home = dataHome(temporaryFolder())
  const elsewhere = join(temporaryFolder(), 'new', 'place')
  expect(home.sessionsFolder).toBe(join(home.folder, 'sessions'))
  await setDataFolder(home, 'sessions', elsewhere)
  expect(existsSync(elsewhere)).toBe(true)
  expect(dataHome(home.folder)).toEqual({ ...home, sessionsFolder: elsewhere })
  await setDataFolder(home, 'datasets', elsewhere)
  await setDataFolder(home, 'sessions', null)
  expect(dataHome(home.folder)).toEqual({ ...home, datasetsFolder: elsewhere })
})

it.each(['{', '{ "sessions": "../relative" }', '{ "sessions": 3 }'])(
  'is where it always was with folders.json %s',
  (content) => {
    const home = dataHome(temporaryFolder())
    writeFileSync(join(home.folder, 'folders.json'), content)
    expect(dataHome(home.folder)).toEqual(home)
  },
)
