import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { beforeEach, describe, expect, it } from 'vitest'
import { openPreferences } from '../../src-main/shell/preferences'

let folder: string
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'espalier-preferences-'))
})

describe('preferences', () => {
  it('begin with defaults and survive a restart', () => {
    const first = openPreferences(folder)
    const defaults = {
      theme: 'system',
      locale: 'system',
      workers: null,
      notifications: true,
      textSize: 1,
      tourSeen: false,
      lastSessionId: null,
      recentSessionIds: [],
      onlyDifferingFields: true,
      matrixViews: [],
      runColumns: null,
    }
    expect(first.get()).toEqual(defaults)
    first.set({ theme: 'dark', lastSessionId: 'abc', recentSessionIds: ['abc'] })
    const changed = { ...defaults, theme: 'dark', workers: 3, lastSessionId: 'abc', recentSessionIds: ['abc'] }
    expect(first.set({ workers: 3 })).toEqual(changed)
    expect(openPreferences(folder).get()).toEqual(changed)
  })

  it('keep where the window was', () => {
    const state = { bounds: { x: 1, y: 2, width: 1000, height: 700 }, maximised: true }
    openPreferences(folder).setWindowState(state)
    expect(openPreferences(folder).windowState()).toEqual(state)
  })

  it.each(['{ "preferences": { "theme"', '{ "preferences": { "theme": "pink" } }', '{ "window": { "bounds": 3 } }'])(
    'set a file aside that does not fit: %s',
    (content) => {
      writeFileSync(join(folder, 'preferences.json'), content)
      expect(openPreferences(folder).get().theme).toBe('system')
      const aside = readdirSync(folder).find((name) => name.startsWith('preferences.unreadable-'))
      expect(readFileSync(join(folder, aside ?? 'none'), 'utf8')).toBe(content)
    },
  )
})
