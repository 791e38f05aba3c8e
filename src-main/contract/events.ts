import type { DatasetName } from './experiment'
import type { QueueStatus } from './queue'
import type { RoundRecord, RunManifest, TopologyRecord } from './records'

/** Everything the window is told without asking. A record is on disk before its event is sent. */
export type EspalierEvent =
  | { readonly type: 'run.state'; readonly sessionId: string; readonly run: RunManifest }
  | { readonly type: 'run.round'; readonly sessionId: string; readonly runId: string; readonly record: RoundRecord }
  | {
      readonly type: 'run.topology'
      readonly sessionId: string
      readonly runId: string
      readonly record: TopologyRecord
    }
  | {
      readonly type: 'run.progress'
      readonly sessionId: string
      readonly runId: string
      readonly progress: RunProgress
    }
  /** Damaged files of a run that goes on were kept beside what is written now; new names, relative to the run's folder. */
  | {
      readonly type: 'run.setAside'
      readonly sessionId: string
      readonly runId: string
      readonly files: readonly string[]
    }
  /** Who trained whom in the round under way; a few times a second. */
  | {
      readonly type: 'run.lanes'
      readonly sessionId: string
      readonly runId: string
      readonly lanes: RunLanes
    }
  /** A run that another process executes has come further or has stopped, or that process has ended. */
  | { readonly type: 'run.elsewhere'; readonly sessionId: string; readonly run: RunManifest }
  | { readonly type: 'queue.changed'; readonly queue: QueueStatus }
  /** What the machine is busy with; every two seconds while a run is going on. */
  | { readonly type: 'machine.load'; readonly load: MachineLoad }
  | {
      readonly type: 'dataset.progress'
      readonly name: DatasetName
      readonly bytesDone: number
      readonly bytesTotal: number
      readonly step: 'download' | 'decode' | 'verify'
    }
  | { readonly type: 'dataset.changed'; readonly name: DatasetName }
  | { readonly type: 'sessions.changed' }
  /** How far the copy, export or import of a session is. */
  | { readonly type: 'session.transfer'; readonly bytesDone: number; readonly bytesTotal: number }
  /** The system has asked the application to open something; `sessions.arrived` tells what. */
  | { readonly type: 'sessions.arrival' }
  /** The menu asks the window to say what the application is. */
  | { readonly type: 'about.asked' }
  /** A network was measured: `preview.plan` now knows a time that it did not know before. */
  | { readonly type: 'estimates.changed' }
  /** The engine process ended unexpectedly and is being started again. */
  | { readonly type: 'engine.lost'; readonly message: string }

export interface RunProgress {
  readonly round: number
  readonly rounds: number
  /** Clients of this round that have finished training. */
  readonly clientsDone: number
  readonly clientsInRound: number
  readonly phase: 'training' | 'evaluation' | 'topology'
  /** Estimate for the rest of this run; null before it can be known. */
  readonly secondsRemaining: number | null
}

/** A stretch of time in which a worker thread did one thing. */
interface WorkSpan {
  /** Number of the thread, from 0. */
  readonly worker: number
  /** The client it trained; null when it evaluated a model. */
  readonly client: number | null
  /** Seconds since the round began. */
  readonly start: number
  /** Null while it goes on. */
  readonly end: number | null
}

export interface RunLanes {
  readonly round: number
  /** Threads that may work at a time. */
  readonly workers: number
  /** Seconds since the round began. */
  readonly now: number
  /** The latest of the round, in order of their start. */
  readonly spans: readonly WorkSpan[]
}

export interface MachineLoad {
  /** Of all cores together. */
  readonly cpuShare: number
  readonly cores: number
  /** Name of the processor, as it calls itself. */
  readonly processor: string
  /** Of the whole machine. */
  readonly memoryUsedBytes: number
  readonly memoryTotalBytes: number
  /** Of the process that trains. */
  readonly engineMemoryBytes: number
}
