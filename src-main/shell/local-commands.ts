import { createReadStream } from 'original-fs'
import { app, dialog, shell } from 'electron'
import type { BrowserWindow } from 'electron'
import { EspalierError } from '../contract/commands'
import type { ApplicationInfo, DatasetStatus, ExportedSession, Preferences } from '../contract/commands'
import type { SessionContents, SessionEntry } from '../contract/records'
import { papers } from '../contract/papers'
import type { EngineRequest, HostInformation } from '../host/protocol'
import { readExperiment, writeExperiment } from '../sessions/experiment-file'
import { writeExport } from '../sessions/export-file'
import { archiveExtension, type Arrivals } from './arrivals'
import { exportedBytes } from './exported-bytes'
import type { EngineClient } from './engine-client'
import { verifyApplication } from './integrity'
import type { LocalCommands } from './ipc'
import type { PreferenceStore } from './preferences'
import type { Words } from './words'

export interface LocalCommandOptions {
  readonly window: BrowserWindow
  readonly engine: Pick<EngineClient, 'request' | 'restart'>
  /** Whether a run is going on. */
  readonly isRunning: () => boolean
  readonly preferences: PreferenceStore
  /** Called with what was changed, after it is stored. */
  readonly onPreferences: (preferences: Preferences) => void
  readonly words: () => Words
  readonly arrivals: Pick<Arrivals, 'take'>
}

/** The commands that need a dialog, the file manager or the preferences. */
export function localCommands({
  window,
  engine,
  isRunning,
  preferences,
  onPreferences,
  words,
  arrivals,
}: LocalCommandOptions): LocalCommands {
  const ask = async (command: EngineRequest['command'], input?: unknown): Promise<unknown> => {
    const reply = await engine.request(command, input)
    if (!reply.ok) throw new EspalierError(reply.error.kind, reply.error.message)
    return reply.value
  }
  const chooseFolder = async (title: string): Promise<string | null> => {
    const { filePaths } = await dialog.showOpenDialog(window, { title, properties: ['openDirectory'] })
    return filePaths[0] ?? null
  }
  const information = async (): Promise<ApplicationInfo> => ({
    ...((await ask('host.information')) as HostInformation),
    version: app.getVersion(),
    runtime: `Electron ${process.versions.electron}, Chrome ${process.versions.chrome}, Node ${process.versions.node}`,
    platform: `${process.platform} ${process.arch}`,
    systemLocale: app.getLocale(),
  })
  const archives = () => ({ filters: [{ name: words().archive, extensions: [archiveExtension] }] })
  return {
    'application.info': information,
    'application.setFolder': async ({ folder, to }) => {
      if (isRunning()) throw new EspalierError('busy', 'A run is going on; pause it before changing a folder.')
      const title = folder === 'sessions' ? words().chooseSessions : words().chooseDatasets
      const path = to === 'default' ? null : await chooseFolder(title)
      if (to === 'chosen' && path === null) return null
      await ask('host.setFolder', { folder, path })
      await engine.restart()
      return information()
    },
    'application.verify': () => (app.isPackaged ? verifyApplication(process.resourcesPath, createReadStream) : null),
    'application.openPaper': async ({ paper }) => {
      await shell.openExternal(papers[paper])
      return null
    },
    'experiment.save': async ({ experiment }) => {
      const { filePath } = await dialog.showSaveDialog(window, {
        title: words().saveExperiment,
        defaultPath: `${experiment.dataset}-${experiment.method}.json`,
        filters: [{ name: 'JSON', extensions: ['json'] }],
      })
      if (filePath === '') return null
      await writeExperiment(filePath, experiment)
      return filePath
    },
    'experiment.load': async () => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: words().loadExperiment,
        properties: ['openFile'],
        filters: [{ name: 'JSON', extensions: ['json'] }],
      })
      const file = filePaths.at(0)
      return file === undefined ? null : readExperiment(file)
    },
    'exports.save': async ({ name, format, content }) => {
      const { filePath } = await dialog.showSaveDialog(window, {
        title: words().saveExport,
        defaultPath: `${name}.${format}`,
        filters: [{ name: format.toUpperCase(), extensions: [format] }],
      })
      if (filePath === '') return null
      await writeExport(filePath, await exportedBytes(format, content))
      return filePath
    },
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
    'sessions.export': async ({ sessionId }) => {
      const { manifest } = (await ask('sessions.open', { sessionId })) as SessionContents
      const { filePath } = await dialog.showSaveDialog(window, {
        title: words().exportSession,
        defaultPath: `${manifest.name.replaceAll(/[^\p{L}\p{N}._ -]+/gu, '-')}.${archiveExtension}`,
        ...archives(),
      })
      if (filePath === '') return null
      return (await ask('host.exportSession', { sessionId, file: filePath })) as ExportedSession
    },
    'sessions.import': async () => {
      const { filePaths } = await dialog.showOpenDialog(window, {
        title: words().importSession,
        properties: ['openFile'],
        ...archives(),
      })
      const path = filePaths.at(0)
      return path === undefined ? null : ((await ask('sessions.openPath', { path })) as SessionEntry)
    },
    'sessions.arrived': () => arrivals.take(),
    'sessions.reveal': async ({ sessionId }) => {
      const folder = (await ask('host.sessionFolder', { sessionId })) as string
      const problem = await shell.openPath(folder)
      if (problem !== '') throw new EspalierError('failed', `${folder} cannot be shown: ${problem}`)
      return null
    },
  }
}
