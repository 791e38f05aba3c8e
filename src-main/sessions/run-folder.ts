import { mkdir, readdir, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { EspalierError } from '../contract/commands'
import { removeLeftovers } from '../files/replace-file'
import type { RunCheckpoint } from '../engine/federated/run-events'
import {
  roundRecordSchema,
  topologyRecordSchema,
  type RoundRecord,
  type RunManifest,
  type RunRecords,
  type TopologyRecord,
} from '../contract/records'
import { nextSlot, readCheckpoints, writeCheckpoint, type CheckpointSlot } from './checkpoints'
import { errorText, isMissing, writeJson } from './json-file'
import { maskFile, readMask, writeMask, type MaskLayer, type PackedLayer } from './mask-file'
import { readRunManifest } from './migrations'
import { readRecords, RecordLog } from './record-log'

/** Names within a run's folder. */
export const runFiles = { manifest: 'run.json', rounds: 'rounds.ndjson', topology: 'topology.ndjson' } as const

export async function readManifest(runFolder: string): Promise<RunManifest> {
  return readRunManifest(join(runFolder, runFiles.manifest))
}

export async function writeManifest(runFolder: string, manifest: RunManifest): Promise<void> {
  await mkdir(runFolder, { recursive: true })
  await writeJson(join(runFolder, runFiles.manifest), manifest)
}

/** The rounds as they lie on disk. */
export function readRounds(runFolder: string) {
  return readRecords(join(runFolder, runFiles.rounds), roundRecordSchema, ({ round }) => round)
}

/** The topology records as they lie on disk. */
export function readTopology(runFolder: string) {
  return readRecords(join(runFolder, runFiles.topology), topologyRecordSchema, ({ update }) => update)
}

/** All records that can be read. */
export async function readRunRecords(runFolder: string): Promise<RunRecords> {
  const [rounds, topology] = await Promise.all([readRounds(runFolder), readTopology(runFolder)])
  return { rounds: rounds.records, topology: topology.records }
}

/** One mask of the run, layer by layer. Throws `not-found` or says what is damaged. */
export async function readRunMask(runFolder: string, update: number): Promise<PackedLayer[]> {
  try {
    return await readMask(join(runFolder, maskFile(update)))
  } catch (error) {
    if (isMissing(error)) throw new EspalierError('not-found', `The run has no mask of update ${update}.`)
    throw new EspalierError('failed', `${maskFile(update)}: ${errorText(error)}`)
  }
}

/**
 * The writing end of a run that is being executed. Opening finds the newest state from which the run can go on exactly, and
 * cuts off whatever was written after it, so that no record is double or missing.
 */
export class RunWriter {
  readonly #folder: string
  readonly #rounds: RecordLog<RoundRecord>
  readonly #topology: RecordLog<TopologyRecord>
  #lastSlot: CheckpointSlot | null

  /** Where to go on; null starts from the first round. */
  readonly checkpoint: RunCheckpoint | null

  private constructor(
    folder: string,
    rounds: RecordLog<RoundRecord>,
    topology: RecordLog<TopologyRecord>,
    checkpoint: RunCheckpoint | null,
    lastSlot: CheckpointSlot | null,
  ) {
    this.#folder = folder
    this.#rounds = rounds
    this.#topology = topology
    this.checkpoint = checkpoint
    this.#lastSlot = lastSlot
  }

  static async open(folder: string): Promise<RunWriter> {
    for (const part of ['masks', 'checkpoints']) await mkdir(join(folder, part), { recursive: true })
    for (const part of ['.', 'masks', 'checkpoints']) await removeLeftovers(join(folder, part))
    const [rounds, topology, { found }] = await Promise.all([
      readRounds(folder),
      readTopology(folder),
      readCheckpoints(folder),
    ])
    // A checkpoint counts only with the very records that led to it.
    const usable = found.find(
      ({ state, roundsSha256, topologySha256 }) =>
        state.nextRound <= rounds.intact &&
        state.topologyUpdates <= topology.intact &&
        rounds.digestOf(state.nextRound) === roundsSha256 &&
        topology.digestOf(state.topologyUpdates) === topologySha256,
    )
    const checkpoint = usable?.state ?? null
    const updates = checkpoint?.topologyUpdates ?? 0
    const roundLog = await RecordLog.open<RoundRecord>(
      join(folder, runFiles.rounds),
      rounds.bytesOf(checkpoint?.nextRound ?? 0),
    )
    try {
      const topologyLog = await RecordLog.open<TopologyRecord>(
        join(folder, runFiles.topology),
        topology.bytesOf(updates),
      )
      await removeMasksFrom(folder, updates)
      return new RunWriter(folder, roundLog, topologyLog, checkpoint, usable?.slot ?? null)
    } catch (error) {
      await roundLog.close()
      throw error
    }
  }

  /** Writes the mask, then its record. */
  async writeTopology(record: TopologyRecord, layers: readonly MaskLayer[], mask: Uint8Array): Promise<void> {
    await writeMask(join(this.#folder, maskFile(record.update)), layers, mask)
    await this.#topology.append(record)
  }

  /** Writes the record, then the state from which the next round starts. */
  async writeRound(record: RoundRecord, state: RunCheckpoint): Promise<void> {
    await this.#rounds.append(record)
    const slot = nextSlot(this.#lastSlot)
    await writeCheckpoint(this.#folder, slot, {
      state,
      roundsSha256: this.#rounds.digest(),
      topologySha256: this.#topology.digest(),
    })
    this.#lastSlot = slot
  }

  async close(): Promise<void> {
    await Promise.all([this.#rounds.close(), this.#topology.close()])
  }
}

async function removeMasksFrom(folder: string, firstUpdate: number): Promise<void> {
  for (const name of await readdir(join(folder, 'masks'))) {
    const update = /^(\d+)\.bin$/.exec(name)?.[1]
    if (update === undefined || Number(update) >= firstUpdate) await rm(join(folder, 'masks', name), { force: true })
  }
}
