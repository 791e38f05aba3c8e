import { app, dialog, shell } from 'electron'
import type { BrowserWindow } from 'electron'
import { EspalierError } from '../contract/commands'
import type { DatasetStatus, Preferences } from '../contract/commands'
import type { SessionEntry } from '../contract/records'
import type { HostCommandName, HostInformation } from '../host/protocol'
import type { EngineClient } from './engine-client'
import type { LocalCommands } from './ipc'
import type { PreferenceStore } from './preferences'
import type { Words } from './words'

export interface LocalCommandOptions {
  readonly window: BrowserWindow
  readonly engine: Pick<EngineClient, 'request'>
  readonly preferences: PreferenceStore
  /** Called with what was changed, after it is stored. */
  readonly onPreferences: (preferences: Preferences) => void
  readonly words: () => Words
}

/** The commands that need a dialog, the file manager or the preferences. */
export function localCommands({
  window,
  engine,
  preferences,
  onPreferences,
  words,
}: LocalCommandOptions): LocalCommands {
  const ask = async (command: HostCommandName, input?: unknown): Promise<unknown> => {
    const reply = await engine.request(command, input)
    if (!reply.ok) throw new EspalierError(reply.error.kind, reply.error.message)
    return reply.value
  }
  const chooseFolder = async (title: string): Promise<string | null> => {
    const { filePaths } = await dialog.showOpenDialog(window, { title, properties: ['openDirectory'] })
    return filePaths[0] ?? null
  }
  return {
    'application.info': async () => ({
      ...((await ask('host.information')) as HostInformation),
      version: app.getVersion(),
      runtime: `Electron ${process.versions.electron}, Chrome ${process.versions.chrome}, Node ${process.versions.node}`,
      platform: `${process.platform} ${process.arch}`,
      systemLocale: app.getLocale(),
    }),
    'preferences.get': () => preferences.get(),
    'preferences.set': (change) => {
      const changed = preferences.set(change)
      onPreferences(changed)
      return changed
    },
    'datasets.import': async ({ name }) => {
      const folder = await chooseFolder(words().importDataset)
      return folder === null ? null : ((await ask('host.importDataset', { name, folder })) as DatasetStatus)
    },
    'sessions.locate': async () => {
      const folder = await chooseFolder(words().locateSession)
      return folder === null ? null : ((await ask('host.addSession', { folder })) as SessionEntry)
    },
    'sessions.reveal': async ({ sessionId }) => {
      const folder = (await ask('host.sessionFolder', { sessionId })) as string
      const problem = await shell.openPath(folder)
      if (problem !== '') throw new EspalierError('failed', `${folder} cannot be shown: ${problem}`)
      return null
    },
  }
}
