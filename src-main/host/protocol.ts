import { z } from 'zod'
import { dataFolders } from '../contract/commands'
import type { CommandReply, commands, DatasetStatus, ExportedSession } from '../contract/commands'
import { datasetNames } from '../contract/experiment'
import type { EspalierEvent } from '../contract/events'
import type { SessionEntry } from '../contract/records'
import type { DeviceWish } from './devices/shell-devices'

/**
 * What the process that owns windows and dialogs says to the process the engine lives in. The engine answers the window's
 * commands, except those that need a dialog, the file manager or the preferences store; for these it has plain forms.
 */
const fromWindow = [
  'datasets.list',
  'datasets.fetch',
  'datasets.cancel',
  'devices.list',
  'devices.measure',
  'preview.partition',
  'preview.plan',
  'preview.sweep',
  'sessions.list',
  'sessions.open',
  'sessions.update',
  'sessions.delete',
  'sessions.restore',
  'sessions.duplicate',
  'sessions.merge',
  'sessions.openPath',
  'sessions.cancelTransfer',
  'sessions.table',
  'sessions.matrix',
  'sessions.verify',
  'sessions.openExample',
  'runs.launch',
  'runs.annotate',
  'runs.pause',
  'runs.resume',
  'runs.cancel',
  'queue.get',
  'queue.move',
  'queue.prioritise',
  'queue.hold',
  'runs.records',
  'runs.mask',
  'runs.layerHistory',
  'runs.maskSimilarity',
  'runs.maskOverlap',
  'runs.units',
  'runs.weights',
] as const satisfies readonly (keyof typeof commands)[]

export type ForwardedCommandName = (typeof fromWindow)[number]

/** Whether a window command is answered by the engine process. */
export function isForwarded(name: string): name is ForwardedCommandName {
  return (fromWindow as readonly string[]).includes(name)
}

/** Commands that only the desktop's main process sends, after its dialogs. Paths are absolute. */
export const hostCommands = {
  'host.importDataset': z.strictObject({ name: z.enum(datasetNames), folder: z.string() }),
  'host.addSession': z.strictObject({ folder: z.string() }),
  'host.exportSession': z.strictObject({ sessionId: z.string(), file: z.string() }),
  'host.sessionFolder': z.strictObject({ sessionId: z.string() }),
  /** Folders and trainer for `application.info`. */
  'host.information': z.undefined(),
  /** Remembers where sessions or data sets are kept; null is the default place. It counts from the next start of the engine. */
  'host.setFolder': z.strictObject({ folder: z.enum(dataFolders), path: z.string().nullable() }),
  'host.setWorkers': z.strictObject({ workers: z.number().int().min(1).max(64).nullable() }),
  /** Stops every run at its last checkpoint (state `paused`), then answers. */
  'host.shutdown': z.undefined(),
} as const
export type HostCommandName = keyof typeof hostCommands

export interface HostInformation {
  readonly sessionsFolder: string
  readonly datasetsFolder: string
  readonly trainer: string
}

export interface HostOutputs {
  'host.importDataset': DatasetStatus
  'host.addSession': SessionEntry
  'host.exportSession': ExportedSession
  'host.sessionFolder': string
  'host.information': HostInformation
  'host.setFolder': null
  'host.setWorkers': null
  'host.shutdown': null
}

export interface EngineRequest {
  readonly id: number
  readonly command: ForwardedCommandName | HostCommandName
  readonly input: unknown
}

export type EngineMessage =
  | { readonly type: 'ready' }
  | { readonly type: 'reply'; readonly id: number; readonly reply: CommandReply }
  | { readonly type: 'event'; readonly event: EspalierEvent }
  | DeviceWish
