import { EspalierError } from '../contract/commands'
import { promiseOf, type DeviceChoice } from '../contract/devices'
import type { RunLanes, RunProgress } from '../contract/events'
import type { DeviceUse, RoundRecord, RunManifest, TopologyRecord } from '../contract/records'
import { withLabelNoise } from '../engine/data/label-noise'
import { runExperiment } from '../engine/federated/round-loop'
import { prepareModel } from '../engine/methods/prepare-model'
import type { ModelPlan } from '../engine/models/plan'
import { failureText } from '../files/disk-errors'
import type { PoolImages } from '../host/thread-protocol'
import type { WorkerPool } from '../host/worker-pool'
import { weightsDigest } from '../sessions/little-endian'
import { RunWriter, writeManifest } from '../sessions/run-folder'
import type { LoadedDataset } from './dataset-library'
import type { DevicePool, Devices } from './devices'
import { LaneReporter } from './lanes'
import { ProgressReporter } from './progress'
import { versions } from './versions'

/** Reason with which the signal of a run is aborted; the run ends in this state. */
export class RunStopped extends Error {
  constructor(readonly state: 'paused' | 'cancelled') {
    super(`the run was ${state}`)
    this.name = 'RunStopped'
  }
}

/** Reason with which the signal of a run is aborted when its session is no longer this process's: nothing more is written. */
export class SessionLost extends Error {
  override readonly name = 'SessionLost'
}

/** What a run says while it is executed; each is on disk before it is said. */
export type RunNews =
  | { readonly type: 'run.state'; readonly run: RunManifest }
  | { readonly type: 'run.round'; readonly record: RoundRecord }
  | { readonly type: 'run.topology'; readonly record: TopologyRecord }
  | { readonly type: 'run.progress'; readonly progress: RunProgress }
  | { readonly type: 'run.setAside'; readonly files: readonly string[] }
  | { readonly type: 'run.lanes'; readonly lanes: RunLanes }

export interface RunExecution {
  /** Folder of the run; its session must be locked. */
  readonly folder: string
  readonly manifest: RunManifest
  readonly devices: Devices
  /** The threads that are told who trains whom. */
  readonly threads: Pick<WorkerPool, 'workers' | 'watchWork'>
  /** Where to train from now on; null goes on where the run was, or begins where its experiment says. */
  readonly device: DeviceChoice | null
  readonly loadDataset: () => Promise<LoadedDataset>
  /** Aborted with `RunStopped` to pause or cancel, with another error to fail. */
  readonly signal: AbortSignal
  readonly tell: (news: RunNews) => void
}

/** The manifest is refreshed at most this often while records are written; the records themselves are the truth. */
const manifestIntervalMilliseconds = 1000

/**
 * Executes a run from its last checkpoint, or from the start, until it has finished or is stopped. Never rejects for a
 * reason that lies in the run: it then ends as `failed`, with the reason in words in its manifest.
 */
export async function executeRun(execution: RunExecution): Promise<RunManifest> {
  const { folder, signal, tell } = execution
  let manifest: RunManifest = { ...execution.manifest, state: 'running', message: '' }
  let savedAt = 0
  const save = async (change: Partial<RunManifest>) => {
    manifest = { ...manifest, ...change, updatedAt: new Date().toISOString() }
    await writeManifest(folder, manifest)
    savedAt = performance.now()
  }
  const enter = async (change: Partial<RunManifest>) => {
    await save(change)
    tell({ type: 'run.state', run: manifest })
  }
  const progress = new ProgressReporter((report) => {
    tell({ type: 'run.progress', progress: report })
  })
  const lanes = new LaneReporter(
    () => execution.threads.workers,
    (report) => {
      tell({ type: 'run.lanes', lanes: report })
    },
  )
  const unwatch = execution.threads.watchWork((news) => {
    lanes.hear(news)
  })
  let writer: RunWriter | null = null
  let opened: DevicePool | null = null
  try {
    signal.throwIfAborted()
    writer = await RunWriter.open(folder)
    if (writer.setAside.length > 0) tell({ type: 'run.setAside', files: writer.setAside })
    await enter({ roundsDone: writer.checkpoint?.nextRound ?? 0, versions: versions() })
    const dataset = await execution.loadDataset()
    if (manifest.dataSha256 !== null && manifest.dataSha256 !== dataset.sha256) throw otherData(manifest)
    const classes = dataset.classNames.length
    const { plan, requestedActive } = prepareModel(manifest.experiment, dataset.train.shape, classes)
    const train = withLabelNoise(manifest.experiment, dataset.train, dataset.test.labels, classes)
    opened = await openDevice(execution, manifest, plan, { train, test: dataset.test }, requestedActive)
    signal.throwIfAborted()
    const clientPool = opened.pool
    const use: DeviceUse = {
      fromRound: writer.checkpoint?.nextRound ?? 0,
      device: opened.device,
      trainer: clientPool.description,
      promise: promiseOf(opened.device),
    }
    await save({
      dataSha256: dataset.sha256,
      trainer: clientPool.description,
      devices: withUse(manifest.devices, use),
    })

    for await (const event of runExperiment({
      experiment: manifest.experiment,
      classes,
      pool: clientPool,
      checkpoint: writer.checkpoint,
      signal,
    })) {
      switch (event.type) {
        case 'started':
          await enter({ summary: event.summary })
          break
        case 'progress':
          progress.update(event.progress)
          break
        case 'topology':
          await writer.writeTopology(event.record, manifest.summary?.layers ?? [], event.mask)
          tell({ type: 'run.topology', record: event.record })
          break
        case 'round':
          await writer.writeRound(event.record, event.state)
          manifest = { ...manifest, roundsDone: event.state.nextRound }
          if (performance.now() - savedAt > manifestIntervalMilliseconds) await save({})
          progress.roundDone(event.record.seconds)
          tell({ type: 'run.round', record: event.record })
          break
        case 'finished':
          progress.stop()
          await enter({ state: 'finished', weightsSha256: weightsDigest(event.state.parameters) })
          break
      }
    }
  } catch (error) {
    progress.stop()
    if (signal.reason instanceof SessionLost) {
      manifest = { ...manifest, state: 'failed', message: signal.reason.message }
      tell({ type: 'run.state', run: manifest })
    } else if (signal.reason instanceof RunStopped && error === signal.reason)
      await enter({ state: signal.reason.state })
    else await enter({ state: 'failed', message: failureText(error) })
  } finally {
    unwatch()
    lanes.stop()
    progress.stop()
    opened?.close()
    await writer?.close().catch(() => undefined)
  }
  return manifest
}

/**
 * Opens the device that the run is to go on with: the one it was told when it was resumed, else the one that it had last,
 * else its experiment's.
 */
async function openDevice(
  { devices, device: told }: RunExecution,
  { experiment, devices: uses }: RunManifest,
  plan: ModelPlan,
  images: PoolImages,
  active: readonly number[],
): Promise<DevicePool> {
  const weights = plan.prunable.reduce((sum, { weightCount }) => sum + weightCount, 0)
  const density = active.reduce((sum, count) => sum + count, 0) / weights
  const device = await devices.resolve(told ?? uses.at(-1)?.device ?? experiment.device, density)
  return devices.open(device, plan, images, experiment)
}

/** The uses with one more, unless it goes on with the last. What the last one was to do and did not is forgotten. */
function withUse(uses: readonly DeviceUse[], use: DeviceUse): DeviceUse[] {
  const kept = uses.filter(({ fromRound }) => fromRound < use.fromRound)
  const last = kept.at(-1)
  return last?.device === use.device && last.trainer === use.trainer ? kept : [...kept, use]
}

function otherData({ experiment }: RunManifest): EspalierError {
  return new EspalierError(
    'failed',
    `The ${experiment.dataset} files are not the ones this run started with, so it cannot go on; restore them or launch a new run.`,
  )
}
