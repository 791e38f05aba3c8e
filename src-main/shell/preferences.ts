import { existsSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import Store from 'electron-store'
import { z } from 'zod'
import { preferencesSchema } from '../contract/commands'
import type { Preferences } from '../contract/commands'

const pixels = z.number().int()
const windowStateSchema = z.strictObject({
  /** Null before the window was ever placed. */
  bounds: z
    .strictObject({ x: pixels.optional(), y: pixels.optional(), width: pixels.min(1), height: pixels.min(1) })
    .default({ width: 1360, height: 880 }),
  maximised: z.boolean().default(false),
})
export type WindowState = z.output<typeof windowStateSchema>

const storeSchema = z.object({
  preferences: preferencesSchema.prefault({}),
  window: windowStateSchema.prefault({}),
})
type Stored = z.output<typeof storeSchema>

/** What the application remembers of its user: preferences, the recent session and where the window was. Nothing else. */
export interface PreferenceStore {
  get(): Preferences
  set(change: Partial<Preferences>): Preferences
  windowState(): WindowState
  setWindowState(state: WindowState): void
}

/**
 * Opens `preferences.json` in a folder. A file that cannot be read or does not fit is set aside under another name and
 * a fresh one is begun: the application starts in any case.
 */
export function openPreferences(folder: string): PreferenceStore {
  const store = openStore(folder)
  const stored = (): Stored => storeSchema.parse(store.store)
  return {
    get: () => stored().preferences,
    set(change) {
      const preferences = preferencesSchema.parse({ ...stored().preferences, ...change })
      store.set('preferences', preferences)
      return preferences
    },
    windowState: () => stored().window,
    setWindowState(state) {
      store.set('window', state)
    },
  }
}

function openStore(folder: string): Store<Stored> {
  const open = (): Store<Stored> => {
    const store = new Store<Stored>({ name: 'preferences', cwd: folder })
    storeSchema.parse(store.store)
    return store
  }
  try {
    return open()
  } catch (error) {
    const file = join(folder, 'preferences.json')
    if (!existsSync(file)) throw error
    renameSync(file, join(folder, `preferences.unreadable-${Date.now()}.json`))
    return open()
  }
}
