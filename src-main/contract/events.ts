import type { DatasetName } from './experiment'
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
