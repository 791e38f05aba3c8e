import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import type { z } from 'zod'
import {
  commands,
  EspalierError,
  type CommandArguments,
  type CommandOutput,
  type DatasetStatus,
  type LaunchedSession,
} from '../contract/commands'
import { runResult, type ComparedRun } from '../contract/comparison'
import type { Device, PresentDevice } from '../contract/devices'
import type { EspalierEvent } from '../contract/events'
import { exampleSessionId } from '../contract/examples'
import { problemText, valueText, type DatasetName, type Experiment } from '../contract/experiment'
import type { PartitionPreview, PlanPreview } from '../contract/preview'
import type { RunManifest, SessionContents } from '../contract/records'
import { failureText } from '../files/disk-errors'
import { previewPartition } from '../engine/data/preview-partition'
import { previewPlan } from '../engine/federated/preview-plan'
import { prepareModel } from '../engine/methods/prepare-model'
import { libraryPath } from '../host/application-files'
import type { ConnectDevice } from '../host/devices/device-protocol'
import { describeTrainer, loadKernels } from '../host/kernels'
import {
  hostCommands,
  isForwarded,
  type ForwardedCommandName,
  type HostCommandName,
  type HostInformation,
  type HostOutputs,
} from '../host/protocol'
import { WorkerPool } from '../host/worker-pool'
import { comparisonTable } from '../report/comparison-table'
import { matrixTable } from '../report/matrix-table'
import { dataHome, setDataFolder, type DataHome } from '../sessions/home'
import type { TransferOptions } from '../sessions/archive'
import { readRun } from '../sessions/read-session'
import { readRunRecords } from '../sessions/run-folder'
import { SessionStore } from '../sessions/session-store'
import { duplicateSession, exportSession, mergeSessions, openSessionPath } from '../sessions/session-transfer'
import { verifySession } from '../sessions/verify-session'
import type { DatasetLibrary } from './dataset-library'
import { Devices } from './devices'
import { TimeEstimator } from './estimate'
import { newExperiments, newRuns } from './launch'
import { LayerAnalysis } from './layer-analysis'
import { LoadMeter } from './load-meter'
import { QueueFile } from './queue-file'
import { RunsElsewhere } from './runs-elsewhere'
import { RunQueue } from './run-queue'
import { sweepCost } from './sweep-cost'

export interface LaboratoryOptions {
  readonly datasets: DatasetLibrary
  /** By default the one of this user. */
  readonly home?: DataHome
  /** Threads that train clients; null (the default) takes one per core. */
  readonly workers?: number | null
  /** The built training-worker; by default the one of this application. */
  readonly workerUrl?: URL
  /** Starts what drives a device other than the processor; left out there is none. */
  readonly connectDevice?: ConnectDevice
  /** Whether the queue is remembered for the next start, and the one of the last start queued again. By default it is not. */
  readonly keepsQueue?: boolean
}

export type LaboratoryCommandName = ForwardedCommandName | HostCommandName
type Arguments<Name extends LaboratoryCommandName> = Name extends ForwardedCommandName
  ? CommandArguments<Name>
  : Name extends HostCommandName
    ? z.output<(typeof hostCommands)[Name]>
    : never
type Output<Name extends LaboratoryCommandName> = Name extends ForwardedCommandName
  ? CommandOutput<Name>
  : Name extends HostCommandName
    ? HostOutputs[Name]
    : never
type Handlers = { readonly [Name in LaboratoryCommandName]: (input: Arguments<Name>) => Promise<Output<Name>> }

/**
 * The whole application without a window: data sets, previews, sessions and the queue of runs. The desktop's engine process
 * and the command line drive the same object. Records are on disk before the event that tells of them.
 */
export class Laboratory {
  /** Sessions by id; the command line also creates and attaches folders here. */
  readonly sessions: SessionStore
  readonly #home: DataHome
  readonly #datasets: DatasetLibrary
  readonly #pool: WorkerPool
  readonly #devices: Devices
  readonly #queue: RunQueue
  readonly #estimator: TimeEstimator
  readonly #layers = new LayerAnalysis()
  readonly #listeners = new Set<(event: EspalierEvent) => void>()
  readonly #fetching = new Map<DatasetName, AbortController>()
  #transferring: AbortController | null = null
  readonly #load: LoadMeter
  readonly #elsewhere: RunsElsewhere

  private constructor(
    home: DataHome,
    datasets: DatasetLibrary,
    pool: WorkerPool,
    connectDevice: ConnectDevice | null,
    keepsQueue: boolean,
  ) {
    this.#home = home
    this.#datasets = datasets
    this.#pool = pool
    this.sessions = new SessionStore(home.sessionsFolder)
    this.#devices = new Devices(pool, connectDevice, home.devicesFile)
    this.#estimator = new TimeEstimator(pool, this.#devices)
    this.#load = new LoadMeter((load) => {
      this.#emit({ type: 'machine.load', load })
    })
    this.#queue = new RunQueue({
      devices: this.#devices,
      threads: pool,
      datasets,
      tell: (sessionId, runId, news) => {
        if (news.type === 'run.state') this.#elsewhere.changed(sessionId)
        this.#emit(news.type === 'run.state' ? { ...news, sessionId } : { ...news, sessionId, runId })
      },
      tellQueue: (queue) => {
        this.#load.setActive(queue.active !== null)
        this.#emit({ type: 'queue.changed', queue })
      },
      file: keepsQueue ? new QueueFile(join(home.folder, 'queue.json')) : null,
    })
    this.#elsewhere = new RunsElsewhere({
      read: (sessionId) => this.sessions.open(sessionId),
      isOurs: (sessionId) => this.#queue.holds(sessionId),
      tell: (sessionId, run) => {
        this.#emit({ type: 'run.elsewhere', sessionId, run })
      },
    })
  }

  static async open(options: LaboratoryOptions): Promise<Laboratory> {
    const pool = new WorkerPool({
      kernels: await loadKernels(),
      workers: options.workers ?? availableParallelism(),
      ...(options.workerUrl === undefined ? {} : { workerUrl: options.workerUrl }),
    })
    const laboratory = new Laboratory(
      options.home ?? dataHome(),
      options.datasets,
      pool,
      options.connectDevice ?? null,
      options.keepsQueue ?? false,
    )
    await laboratory.#queue.restore((sessionId) => laboratory.sessions.folderOf(sessionId))
    return laboratory
  }

  /** Calls `listener` with every event until the returned function is called. */
  onEvent(listener: (event: EspalierEvent) => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  /** Answers one command whose input is already checked. Throws EspalierError. */
  async ask<Name extends LaboratoryCommandName>(name: Name, input: Arguments<Name>): Promise<Output<Name>> {
    return this.#handlers[name](input)
  }

  /** Answers one command from another process: checks its name and input first. Throws EspalierError. */
  async handle(name: string, input: unknown): Promise<unknown> {
    if (!isForwarded(name) && !isHostCommand(name)) {
      throw new EspalierError('wrong-input', `command: ${valueText(name)} is not known`)
    }
    const schema: z.ZodType = isForwarded(name) ? commands[name] : hostCommands[name]
    const result = schema.safeParse(input)
    if (!result.success) throw new EspalierError('wrong-input', `${name}: ${wrongInputText(result.error, input)}`)
    const handler = this.#handlers[name] as (checked: unknown) => Promise<unknown>
    try {
      return await handler(result.data)
    } catch (error) {
      if (error instanceof EspalierError || !(error instanceof Error) || !('code' in error)) throw error
      throw new EspalierError('failed', failureText(error), { cause: error })
    }
  }

  /** Resolves with the manifest when a run has finished, failed or been stopped. */
  async settled(sessionId: string, runId: string): Promise<RunManifest> {
    const outcome = await this.#queue.settled(sessionId, runId)
    return outcome ?? readRun(await this.sessions.folderOf(sessionId), runId)
  }

  /** Every run of a session with its rounds, in order, for tables. */
  async comparedRuns(sessionId: string): Promise<ComparedRun[]> {
    const { runs } = await this.#open(sessionId)
    return Promise.all(
      runs.map(async (manifest) => {
        const { rounds } = await readRunRecords(await this.sessions.runFolderOf(sessionId, manifest.id))
        return { manifest, rounds }
      }),
    )
  }

  /** Pauses every run at its last checkpoint and ends the threads. */
  async close(): Promise<void> {
    for (const fetching of this.#fetching.values()) fetching.abort()
    this.#transferring?.abort(new EspalierError('cancelled', 'Espalier was closed.'))
    this.#elsewhere.close()
    await this.#queue.close()
    this.#load.setActive(false)
    await this.#pool.dispose()
  }

  readonly #handlers: Handlers = {
    'datasets.list': () => this.#datasets.list(),
    'datasets.fetch': ({ name }) => this.#fetch(name),
    'datasets.cancel': ({ name }) => {
      this.#fetching.get(name)?.abort()
      return Promise.resolve(null)
    },
    'devices.list': () => this.#devices.list(),
    'devices.measure': ({ device }) => this.#measureDevice(device),
    'preview.partition': ({ experiment }) => this.#previewPartition(experiment),
    'preview.plan': ({ experiment }) => this.#previewPlan(experiment),
    'preview.sweep': ({ experiments }) => sweepCost(experiments, (experiment) => this.#previewPlan(experiment)),
    'sessions.list': async () => {
      const entries = await this.sessions.list()
      this.#elsewhere.listed(entries)
      return entries
    },
    'sessions.open': async ({ sessionId }) => {
      const contents = await this.#open(sessionId)
      this.#elsewhere.opened(contents)
      return contents
    },
    'sessions.update': async ({ sessionId, ...changes }) => {
      const entry = await this.sessions.update(sessionId, changes)
      this.#emit({ type: 'sessions.changed' })
      return entry
    },
    'sessions.delete': async ({ sessionId }) => {
      await this.sessions.remove(sessionId)
      this.#emit({ type: 'sessions.changed' })
      return null
    },
    'sessions.restore': async ({ sessionId }) => {
      const entry = await this.sessions.restore(sessionId)
      this.#emit({ type: 'sessions.changed' })
      return entry
    },
    'sessions.duplicate': ({ sessionId, name }) =>
      this.#transfer((options) => duplicateSession(this.sessions, sessionId, name, options)),
    'sessions.merge': ({ sessionIds, name }) =>
      this.#transfer((options) => mergeSessions(this.sessions, sessionIds, name, options)),
    'sessions.openPath': ({ path }) => this.#transfer((options) => openSessionPath(this.sessions, path, options)),
    'sessions.openExample': async () => {
      const there = (await this.sessions.list()).find(({ manifest }) => manifest.id === exampleSessionId)
      const archive = libraryPath('examples', 'four-arms.espalier')
      return there ?? this.#transfer((options) => openSessionPath(this.sessions, archive, options))
    },
    'sessions.cancelTransfer': () => {
      this.#transferring?.abort(new EspalierError('cancelled', 'It was cancelled; nothing was left behind.'))
      return Promise.resolve(null)
    },
    'sessions.table': ({ sessionId, format }) => this.#table(sessionId, format),
    'sessions.matrix': async ({ sessionId, question, format }) => {
      const runs = await this.comparedRuns(sessionId)
      return matrixTable(
        runs.map((run) => ({ manifest: run.manifest, result: runResult(run) })),
        question,
        format,
      )
    },
    'sessions.verify': async ({ sessionId }) => verifySession(await this.sessions.folderOf(sessionId)),
    'runs.launch': (request) => this.#launch(request),
    'runs.annotate': async ({ sessionId, runs }) => {
      const annotations = new Map(runs.map(({ runId, annotation }) => [runId, annotation]))
      const entry = await this.sessions.annotate(sessionId, annotations)
      this.#emit({ type: 'sessions.changed' })
      return entry
    },
    'runs.pause': (run) => this.#pause(run),
    'runs.resume': (run) => this.#resume(run),
    'runs.cancel': (run) => this.#cancel(run),
    'queue.get': () => Promise.resolve(this.#queue.status),
    'queue.move': ({ sessionId, runId, index }) => {
      this.#queue.move(sessionId, runId, index)
      return Promise.resolve(null)
    },
    'queue.prioritise': ({ sessionId, runId, priority }) => {
      this.#queue.prioritise(sessionId, runId, priority)
      return Promise.resolve(null)
    },
    'queue.hold': ({ isHeld }) => {
      this.#queue.hold(isHeld)
      return Promise.resolve(null)
    },
    'runs.records': async ({ sessionId, runId }) => {
      return readRunRecords(await this.sessions.runFolderOf(sessionId, runId))
    },
    'runs.mask': async ({ sessionId, runId, update, layer }) =>
      this.#layers.mask(await this.sessions.runFolderOf(sessionId, runId), update, layer),
    'runs.layerHistory': async ({ sessionId, runId }) =>
      this.#layers.history(await this.sessions.runFolderOf(sessionId, runId)),
    'runs.maskSimilarity': async ({ sessionId, runId, layer }) =>
      this.#layers.similarity(await this.sessions.runFolderOf(sessionId, runId), layer),
    'runs.maskOverlap': async ({ sessionId, runIds, round, layer }) => {
      const folders = await Promise.all(runIds.map((runId) => this.sessions.runFolderOf(sessionId, runId)))
      return this.#layers.overlap(folders, round, layer)
    },
    'runs.units': async ({ sessionId, runId, update }) =>
      this.#layers.units(await this.sessions.runFolderOf(sessionId, runId), update),
    'runs.weights': async ({ sessionId, runId }) =>
      this.#layers.weights(await this.sessions.runFolderOf(sessionId, runId)),
    'host.importDataset': async ({ name, folder }) => {
      await this.#datasets.importFolder(name, folder)
      this.#emit({ type: 'dataset.changed', name })
      return this.#status(name)
    },
    'host.addSession': async ({ folder }) => {
      const entry = await this.sessions.locate(folder)
      this.#emit({ type: 'sessions.changed' })
      return entry
    },
    'host.exportSession': ({ sessionId, file }) =>
      this.#transfer((options) => exportSession(this.sessions, sessionId, file, options)),
    'host.sessionFolder': ({ sessionId }) => this.sessions.folderOf(sessionId),
    'host.information': async (): Promise<HostInformation> => ({
      sessionsFolder: this.#home.sessionsFolder,
      datasetsFolder: this.#home.datasetsFolder,
      trainer: await describeTrainer(),
    }),
    'host.setFolder': async ({ folder, path }) => {
      await setDataFolder(this.#home, folder, path)
      return null
    },
    'host.setWorkers': ({ workers }) => {
      this.#pool.resize(workers ?? availableParallelism())
      return Promise.resolve(null)
    },
    'host.shutdown': async () => {
      await this.close()
      return null
    },
  }

  #emit(event: EspalierEvent): void {
    for (const listener of this.#listeners) listener(event)
  }

  /** A session with its queued and running runs as they are now; on disk they may be a second older. */
  async #open(sessionId: string): Promise<SessionContents> {
    const contents = await this.sessions.open(sessionId)
    return { ...contents, runs: contents.runs.map((run) => this.#queue.liveRun(sessionId, run.id) ?? run) }
  }

  async #status(name: DatasetName): Promise<DatasetStatus> {
    const status = (await this.#datasets.list()).find((dataset) => dataset.name === name)
    if (status === undefined) throw new EspalierError('not-found', `There is no data set ${name}.`)
    return status
  }

  async #fetch(name: DatasetName): Promise<DatasetStatus> {
    if (this.#fetching.has(name)) throw new EspalierError('busy', `${name} is being fetched already.`)
    const stop = new AbortController()
    this.#fetching.set(name, stop)
    try {
      await this.#datasets.fetch(name, {
        signal: stop.signal,
        onProgress: (progress) => {
          this.#emit({ type: 'dataset.progress', name, ...progress })
        },
      })
    } finally {
      this.#fetching.delete(name)
      this.#emit({ type: 'dataset.changed', name })
    }
    return this.#status(name)
  }

  /** One copy, export or import at a time, with progress ten times a second. */
  async #transfer<Outcome>(work: (options: TransferOptions) => Promise<Outcome>): Promise<Outcome> {
    if (this.#transferring !== null) {
      throw new EspalierError(
        'busy',
        'Another session is being copied, exported or imported; wait for it or cancel it.',
      )
    }
    const stop = new AbortController()
    this.#transferring = stop
    let toldAt = Number.NEGATIVE_INFINITY
    try {
      return await work({
        signal: stop.signal,
        onProgress: (bytesDone, bytesTotal) => {
          if (performance.now() - toldAt < 100) return
          toldAt = performance.now()
          this.#emit({ type: 'session.transfer', bytesDone, bytesTotal })
        },
      })
    } finally {
      this.#transferring = null
      this.#emit({ type: 'sessions.changed' })
    }
  }

  async #previewPartition(experiment: Experiment): Promise<PartitionPreview> {
    const { train, test, classNames } = await this.#datasets.load(experiment.dataset)
    return previewPartition(experiment, train.labels, test.labels, classNames)
  }

  async #previewPlan(experiment: Experiment): Promise<PlanPreview> {
    const { train, test, classNames } = await this.#datasets.load(experiment.dataset)
    const { counts } = previewPartition(experiment, train.labels, test.labels, classNames)
    const clientImages = counts.map((row) => row.reduce((sum, count) => sum + count, 0))
    const preview = previewPlan(experiment, train.shape, classNames.length, clientImages, null)
    const { activeWeights, prunableWeights } = preview.summary
    const device = await this.#devices.expected(experiment.device, activeWeights / prunableWeights)
    const estimatedSeconds = this.#estimator.estimate(experiment, device, preview, test.count)
    if (estimatedSeconds === null) this.#measure(experiment, device, preview)
    return { ...preview, device, estimatedSeconds }
  }

  /** Measures beside the answer, which does not wait for it; the event makes whoever asked ask again. */
  #measure(experiment: Experiment, device: Device, preview: PlanPreview): void {
    // A measurement beside a run would be wrong and would slow the run down.
    const mayMeasure = () => !this.#queue.isBusy
    this.#estimator.measure(experiment, device, preview, mayMeasure).then(
      (measured) => {
        if (measured) this.#emit({ type: 'estimates.changed' })
      },
      () => {
        // Closing ends a measurement; the preview then goes without a time.
      },
    )
  }

  async #launch({ sessionId: wanted, sessionName, experiments: asked }: CommandArguments<'runs.launch'>) {
    const experiments = newExperiments(asked, wanted === null ? [] : (await this.#open(wanted)).runs)
    if (wanted !== null && experiments.length === 0)
      return { ...(await this.#open(wanted)), alreadyThere: asked.length }
    // What cannot be built is refused here, before anything is written.
    for (const experiment of experiments) {
      const { train, classNames } = await this.#datasets.load(experiment.dataset)
      prepareModel(experiment, train.shape, classNames.length)
    }
    const { dataset, model } = asked[0]
    const sessionId = wanted ?? (await this.sessions.create(sessionName ?? `${dataset} · ${model}`)).manifest.id
    await this.#queue.enqueue(sessionId, await this.sessions.folderOf(sessionId), async () => {
      const runs = newRuns(experiments)
      await this.sessions.addRuns(sessionId, runs)
      return runs
    })
    this.#emit({ type: 'sessions.changed' })
    const launched: LaunchedSession = {
      ...(await this.#open(sessionId)),
      alreadyThere: asked.length - experiments.length,
    }
    return launched
  }

  #measureDevice(device: Device): Promise<PresentDevice> {
    if (this.#queue.isBusy) {
      const message = 'A run is being executed; a measurement beside it would be wrong. Wait for it or pause it.'
      throw new EspalierError('busy', message)
    }
    return this.#devices.measure(device)
  }

  async #resume({ sessionId, runId, from, device }: CommandArguments<'runs.resume'>): Promise<null> {
    await this.#queue.resume(sessionId, await this.sessions.folderOf(sessionId), runId, { from, device })
    return null
  }

  async #pause({ sessionId, runId, when }: CommandArguments<'runs.pause'>): Promise<null> {
    const isStopping =
      when === 'checkpoint'
        ? await this.#queue.stopAtCheckpoint(sessionId, runId)
        : await this.#queue.stop(sessionId, runId, 'paused')
    if (isStopping) return null
    const { state } = await readRun(await this.sessions.folderOf(sessionId), runId)
    throw new EspalierError('refused', `The run is ${state} and cannot be paused.`)
  }

  async #cancel({ sessionId, runId }: CommandArguments<'runs.cancel'>): Promise<null> {
    if (await this.#queue.stop(sessionId, runId, 'cancelled')) return null
    await this.#queue.cancelStopped(sessionId, await this.sessions.folderOf(sessionId), runId)
    return null
  }

  async #table(sessionId: string, format: CommandArguments<'sessions.table'>['format']): Promise<string> {
    return comparisonTable(await this.comparedRuns(sessionId), format)
  }
}

function isHostCommand(name: string): name is HostCommandName {
  return Object.hasOwn(hostCommands, name)
}

function wrongInputText({ issues: [issue] }: z.ZodError, input: unknown): string {
  const value = issue.path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], input)
  const field = issue.path.length === 0 ? 'input' : issue.path.join('.')
  return problemText({ field, value, allowed: issue.message })
}
