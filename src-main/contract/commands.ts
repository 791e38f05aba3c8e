import { z } from 'zod'
import { deviceChoiceSchema, deviceSchema, type DeviceReport } from './devices'
import { datasetNames, experimentSchema } from './experiment'
import type { DatasetName, Experiment } from './experiment'
import type { CurrentWeights, LayerHistory, MaskSimilarity, UnitDegrees } from './layers'
import { matrixQuestionSchema, matrixViewSchema } from './matrix'
import { paperNames } from './papers'
import { priorities, type QueueStatus } from './queue'
import type { PartitionPreview, PlanPreview, SweepCost } from './preview'
import { runAnnotationSchema, tagsSchema, type RunRecords, type SessionContents, type SessionEntry } from './records'

/**
 * Every question the window may ask. Each command names its input schema; its output is a type of the contract.
 * The shell checks the input before anything else sees it.
 */

const sessionId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
const runId = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/)
const runReference = z.strictObject({ sessionId, runId })
const sessionName = z.string().trim().min(1).max(200)
const nothing = z.undefined()

const preferenceFields = {
  theme: z.enum(['system', 'light', 'dark']),
  locale: z.enum(['system', 'en', 'zh-CN']),
  /** Worker threads that train clients; null uses the number of cores. */
  workers: z.number().int().min(1).max(64).nullable(),
  /** Whether the system tells that all runs have ended while the window is not in front. */
  notifications: z.boolean(),
  /** Size of text, as a share of the usual one. */
  textSize: z.number().min(0.8).max(2),
  /** Whether the tour was taken or declined. */
  tourSeen: z.boolean(),
  lastSessionId: sessionId.nullable(),
  /** Sessions opened lately, the newest first. */
  recentSessionIds: z.array(sessionId).max(10),
  /** Columns of the table of runs, in their order; null leaves the choice to the table. */
  runColumns: z.array(z.string().max(60)).max(200).nullable(),
  /** Whether that table leaves out the fields in which its runs agree. */
  onlyDifferingFields: z.boolean(),
  /** What the result matrix of a session was asked last, the newest first. */
  matrixViews: z.array(z.strictObject({ sessionId, view: matrixViewSchema })).max(40),
}
export const preferencesSchema = z.strictObject({
  theme: preferenceFields.theme.default('system'),
  locale: preferenceFields.locale.default('system'),
  workers: preferenceFields.workers.default(null),
  notifications: preferenceFields.notifications.default(true),
  textSize: preferenceFields.textSize.default(1),
  tourSeen: preferenceFields.tourSeen.default(false),
  lastSessionId: preferenceFields.lastSessionId.default(null),
  recentSessionIds: preferenceFields.recentSessionIds.default([]),
  runColumns: preferenceFields.runColumns.default(null),
  onlyDifferingFields: preferenceFields.onlyDifferingFields.default(true),
  // A field or method may have been renamed since: then the matrix begins afresh, and nothing else does.
  matrixViews: preferenceFields.matrixViews.default([]).catch([]),
})
/** Has no defaults: what a change leaves out stays as it is. */
const preferenceChangeSchema = z.strictObject(preferenceFields).partial()
export type Preferences = z.output<typeof preferencesSchema>

export interface DatasetStatus {
  readonly name: DatasetName
  /** `bundled` came with the application, `ready` is verified in the data folder, `missing` must be fetched or imported. */
  readonly state: 'bundled' | 'ready' | 'missing' | 'fetching'
  readonly trainImages: number
  readonly testImages: number
  /** Channels, height, width. */
  readonly shape: readonly [number, number, number]
  readonly classNames: readonly string[]
  /** Bytes of a download, null when it can only be imported. */
  readonly downloadBytes: number | null
  /** Where it comes from and what to do, in one English sentence. */
  readonly note: string
  readonly folder: string
}

export interface ApplicationInfo {
  readonly version: string
  readonly runtime: string
  readonly platform: string
  readonly sessionsFolder: string
  readonly datasetsFolder: string
  readonly trainer: string
  readonly systemLocale: string
}

/** Whether the installed application is what was packaged. */
export interface ApplicationIntegrity {
  readonly filesChecked: number
  /** One line each, naming the file; empty when all is well. */
  readonly problems: readonly string[]
}

/** Answer of a packed mask: bit i of byte i>>3 (lowest bit first) is weight i of the layer, in PyTorch's row-major order. */
export interface MaskPicture {
  readonly layer: string
  readonly shape: readonly number[]
  readonly bits: Uint8Array
  /** The mask before this update; null for the first. */
  readonly before: Uint8Array | null
  /** Every weight that was active in any mask before this update; null for the first. */
  readonly earlier: Uint8Array | null
}

/** Most runs of one launch: a day of small ones, and a list that every view still handles. */
export const mostRuns = 10_000

/** Index among the prunable layers; null for the whole network. */
const layerOrAll = z.number().int().min(0).nullable()

/** The folders that the user may choose. */
export const dataFolders = ['sessions', 'datasets'] as const
export type DataFolder = (typeof dataFolders)[number]

/** What leaves the window as a file, by its extension. */
const exportFormats = ['csv', 'md', 'tex', 'html', 'svg', 'pdf', 'png'] as const
export type ExportFormat = (typeof exportFormats)[number]

export const commands = {
  'application.info': nothing,
  /**
   * Keeps sessions or data sets in another folder from now on: one that the user chooses, or the default one. The engine is
   * started again. Null when the user closes the dialog.
   */
  'application.setFolder': z.strictObject({ folder: z.enum(dataFolders), to: z.enum(['chosen', 'default']) }),
  /** Compares the application's own files with what was packaged. Null when it is not packaged but runs from a checkout. */
  'application.verify': nothing,
  /** Opens a paper in the system's browser. */
  'application.openPaper': z.strictObject({ paper: z.enum(paperNames) }),
  /** Asks for a file and writes the experiment as JSON, as `--config` reads it. Answers its path, or null when the user closes the dialog. */
  'experiment.save': z.strictObject({ experiment: experimentSchema }),
  /** Asks for such a file. Null when the user closes the dialog. */
  'experiment.load': nothing,
  /**
   * Asks for a file and writes what leaves the window: text, for `png` the base64 of the file, for `pdf` the SVG to print.
   * Answers its path, or null when the user closes the dialog.
   */
  'exports.save': z.strictObject({
    name: z
      .string()
      .min(1)
      .max(100)
      .regex(/^[^\\/:*?"<>|]+$/),
    format: z.enum(exportFormats),
    content: z.string().max(200_000_000),
  }),
  'preferences.get': nothing,
  'preferences.set': preferenceChangeSchema,
  'datasets.list': nothing,
  'datasets.fetch': z.strictObject({ name: z.enum(datasetNames) }),
  'datasets.cancel': z.strictObject({ name: z.enum(datasetNames) }),
  /** Asks for a folder and imports the official files found in it. Null when the user closes the dialog. */
  'datasets.import': z.strictObject({ name: z.enum(datasetNames) }),
  /** Every device, present or missing with the reason, and its speed where it was measured before. */
  'devices.list': nothing,
  /** Measures one device, some seconds; refused while a run is executed. */
  'devices.measure': z.strictObject({ device: deviceSchema }),
  'preview.partition': z.strictObject({ experiment: experimentSchema }),
  'preview.plan': z.strictObject({ experiment: experimentSchema }),
  'preview.sweep': z.strictObject({ experiments: z.array(experimentSchema).min(1).max(mostRuns) }),
  'sessions.list': nothing,
  'sessions.open': z.strictObject({ sessionId }),
  'sessions.update': z.strictObject({
    sessionId,
    name: sessionName.optional(),
    notes: z.string().max(100_000).optional(),
    tags: tagsSchema.optional(),
  }),
  /** Copies a session, or the runs of several into a new one; with `session.transfer` events. */
  'sessions.duplicate': z.strictObject({ sessionId, name: sessionName }),
  'sessions.merge': z.strictObject({ sessionIds: z.array(sessionId).min(2).max(100), name: sessionName }),
  /** Asks where to, and writes the session into one file. Null when the user closes the dialog. */
  'sessions.export': z.strictObject({ sessionId }),
  /** Asks for an archive and unpacks it. Null when the user closes the dialog. */
  'sessions.import': nothing,
  /** Opens what was dropped on the window or given by the system: a session folder in place, an archive unpacked. */
  'sessions.openPath': z.strictObject({ path: z.string().min(1).max(4096) }),
  /** Ends the copy, export or import that is going on; its command fails with `cancelled`. */
  'sessions.cancelTransfer': nothing,
  /** Takes the paths that the system has asked the application to open; `sessions.arrival` says that there are new ones. */
  'sessions.arrived': nothing,
  /** Moves the session aside; `sessions.restore` brings it back until the application quits. */
  'sessions.delete': z.strictObject({ sessionId }),
  'sessions.restore': z.strictObject({ sessionId }),
  'sessions.reveal': z.strictObject({ sessionId }),
  /** The session that came with the application; it is unpacked where it is not there (any more). */
  'sessions.openExample': nothing,
  /** Asks for a session folder anywhere on disk and lists it. Null when the user closes the dialog. */
  'sessions.locate': nothing,
  'sessions.table': z.strictObject({ sessionId, format: z.enum(['md', 'csv', 'latex']) }),
  /** The result matrix as text. */
  'sessions.matrix': z.strictObject({
    sessionId,
    question: matrixQuestionSchema,
    format: z.enum(['md', 'csv', 'latex']),
  }),
  'sessions.verify': z.strictObject({ sessionId }),
  /**
   * Creates a session (or adds to one) and queues these experiments in their order. One that the session has already, and
   * that did not fail, is not run again.
   */
  'runs.launch': z.strictObject({
    sessionId: sessionId.nullable(),
    sessionName: sessionName.nullable(),
    experiments: z.array(experimentSchema).min(1).max(mostRuns),
  }),
  /** Sets tags and notes of runs. */
  'runs.annotate': z.strictObject({
    sessionId,
    runs: z
      .array(z.strictObject({ runId, annotation: runAnnotationSchema }))
      .min(1)
      .max(mostRuns),
  }),
  /** `checkpoint` lets the round under way end first, so that nothing is computed twice; it answers before that. */
  'runs.pause': runReference.extend({ when: z.enum(['now', 'checkpoint']).optional() }),
  /** Goes on where the run stopped, on the same device or from now on another one; `start` throws away what it has recorded. */
  'runs.resume': runReference.extend({
    from: z.enum(['checkpoint', 'start']).optional(),
    device: deviceChoiceSchema.optional(),
  }),
  'runs.cancel': runReference,
  'queue.get': nothing,
  /** Puts a waiting run at a place among those that wait. It takes the priority of its neighbours there. */
  'queue.move': runReference.extend({ index: z.number().int().min(0) }),
  /** Puts a waiting run behind the others of its new priority. */
  'queue.prioritise': runReference.extend({ priority: z.enum(priorities) }),
  /** A held queue starts no further run. */
  'queue.hold': z.strictObject({ isHeld: z.boolean() }),
  'runs.records': runReference,
  /** `layer` is the index among the prunable layers. */
  'runs.mask': z.strictObject({ sessionId, runId, update: z.number().int().min(0), layer: z.number().int().min(0) }),
  /** Ages and survival of connections over all masks of a run. */
  'runs.layerHistory': runReference,
  'runs.maskSimilarity': z.strictObject({ sessionId, runId, layer: layerOrAll }),
  /** Compares the masks that the runs have in force after a round. */
  'runs.maskOverlap': z.strictObject({
    sessionId,
    runIds: z.array(runId).min(2).max(64),
    round: z.number().int().min(0),
    layer: layerOrAll,
  }),
  'runs.units': z.strictObject({ sessionId, runId, update: z.number().int().min(0) }),
  'runs.weights': runReference,
} as const

export type CommandName = keyof typeof commands
/** What a caller passes: defaults may be left out. */
export type CommandInput<Name extends CommandName> = z.input<(typeof commands)[Name]>
/** What a handler receives, checked. */
export type CommandArguments<Name extends CommandName> = z.output<(typeof commands)[Name]>

export interface CommandOutputs {
  'application.info': ApplicationInfo
  'application.setFolder': ApplicationInfo | null
  'application.verify': ApplicationIntegrity | null
  'application.openPaper': null
  'experiment.save': string | null
  'experiment.load': Experiment | null
  'exports.save': string | null
  'preferences.get': Preferences
  'preferences.set': Preferences
  'datasets.list': readonly DatasetStatus[]
  'datasets.fetch': DatasetStatus
  'datasets.cancel': null
  'datasets.import': DatasetStatus | null
  'devices.list': readonly DeviceReport[]
  'devices.measure': DeviceReport
  'preview.partition': PartitionPreview
  'preview.plan': PlanPreview
  'preview.sweep': SweepCost
  'sessions.list': readonly SessionEntry[]
  'sessions.open': SessionContents
  'sessions.update': SessionEntry
  'sessions.delete': null
  'sessions.restore': SessionEntry
  'sessions.reveal': null
  'sessions.openExample': SessionEntry
  'sessions.locate': SessionEntry | null
  'sessions.duplicate': SessionEntry
  'sessions.merge': MergedSession
  'sessions.export': ExportedSession | null
  'sessions.import': SessionEntry | null
  'sessions.openPath': SessionEntry
  'sessions.cancelTransfer': null
  'sessions.arrived': readonly string[]
  'sessions.table': string
  'sessions.matrix': string
  'sessions.verify': VerificationReport
  'runs.launch': LaunchedSession
  'runs.annotate': SessionEntry
  'runs.pause': null
  'runs.resume': null
  'runs.cancel': null
  'queue.get': QueueStatus
  'queue.move': null
  'queue.prioritise': null
  'queue.hold': null
  'runs.records': RunRecords
  'runs.mask': MaskPicture
  'runs.layerHistory': LayerHistory
  'runs.maskSimilarity': MaskSimilarity
  'runs.maskOverlap': MaskSimilarity
  'runs.units': readonly UnitDegrees[]
  'runs.weights': CurrentWeights
}
export type CommandOutput<Name extends CommandName> = CommandOutputs[Name]

export interface MergedSession {
  readonly entry: SessionEntry
  /** Runs that were in more than one of the sessions and are there once. */
  readonly duplicates: number
}

export interface ExportedSession {
  readonly file: string
  readonly bytes: number
}

export interface LaunchedSession extends SessionContents {
  /** Experiments that were asked for and that the session had already. */
  readonly alreadyThere: number
}

export interface VerificationReport {
  readonly filesChecked: number
  readonly topologyUpdatesChecked: number
  /** One line each, naming the file; empty when all is well. */
  readonly problems: readonly string[]
}

/** An answer crosses processes as data: errors keep their words, and for wrong input the field. */
export type CommandReply =
  | { readonly ok: true; readonly value: unknown }
  | { readonly ok: false; readonly error: { readonly kind: ErrorKind; readonly message: string } }
export type ErrorKind = 'wrong-input' | 'failed' | 'not-found' | 'busy' | 'refused' | 'cancelled'

/** An error whose message is for the user: it says what is wrong and what to do. */
export class EspalierError extends Error {
  readonly kind: ErrorKind
  constructor(kind: ErrorKind, message: string, options?: ErrorOptions) {
    super(message, options)
    this.name = 'EspalierError'
    this.kind = kind
  }
}
