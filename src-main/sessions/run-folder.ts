import { mkdir, readdir, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EspalierError } from '../contract/commands'
import { removeLeftovers } from '../files/replace-file'
import { setAside, setCopyAside } from '../files/set-aside'
import type { RunCheckpoint } from '../engine/federated/run-events'
import {
  roundRecordSchema,
  topologyRecordSchema,
  type RoundRecord,
  type RunManifest,
  type RunRecords,
  type TopologyRecord,
} from '../contract/records'
import {
  checkpointFile,
  nextSlot,
  readCheckpoints,
  writeCheckpoint,
  type CheckpointSlot,
  type FoundCheckpoint,
} from './checkpoints'
import { errorText, isMissing, isThere, writeSealed } from './json-file'
import { refuseLinkedFolder, refuseLinksWithin } from './links'
import { maskFile, readMask, writeMask, type MaskLayer, type PackedLayer } from './mask-file'
import { readRunManifest, type Versioned } from './migrations'
import { readRecords, RecordLog, type ReadRecords } from './record-log'

/** Names within a run's folder. */
export const runFiles = { manifest: 'run.json', rounds: 'rounds.ndjson', topology: 'topology.ndjson' } as const

export async function readManifest(runFolder: string): Promise<RunManifest> {
  return (await readCheckedManifest(runFolder)).value
}

/** The manifest, and what is wrong with it although it can be read. */
export function readCheckedManifest(runFolder: string): Promise<Versioned<RunManifest>> {
  return readRunManifest(join(runFolder, runFiles.manifest))
}

export async function writeManifest(runFolder: string, manifest: RunManifest): Promise<void> {
  await refuseLinkedFolder(runFolder)
  // Not recursive: a session whose folder was removed must not come back as a ruin.
  for (const folder of [dirname(runFolder), runFolder]) await ensureFolder(folder)
  await writeSealed(join(runFolder, runFiles.manifest), manifest)
}

/** The rounds as they lie on disk. */
export function readRounds(runFolder: string) {
  return readRecords(join(runFolder, runFiles.rounds), roundRecordSchema, ({ round }) => round)
}

/** The topology records as they lie on disk. */
export function readTopology(runFolder: string) {
  return readRecords(join(runFolder, runFiles.topology), topologyRecordSchema, ({ update }) => update)
}

/** All records that can be read, and what cannot. */
export async function readRunRecords(runFolder: string): Promise<RunRecords> {
  const [rounds, topology] = await Promise.all([readRounds(runFolder), readTopology(runFolder)])
  return {
    rounds: rounds.records,
    topology: topology.records,
    problems: [
      ...rounds.problems.map((problem) => `${runFiles.rounds}: ${problem}`),
      ...topology.problems.map((problem) => `${runFiles.topology}: ${problem}`),
    ],
  }
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
  /** New names of damaged files, relative to the run's folder. */
  readonly setAside: readonly string[]

  private constructor(
    folder: string,
    rounds: RecordLog<RoundRecord>,
    topology: RecordLog<TopologyRecord>,
    checkpoint: RunCheckpoint | null,
    lastSlot: CheckpointSlot | null,
    setAside: readonly string[],
  ) {
    this.#folder = folder
    this.#rounds = rounds
    this.#topology = topology
    this.checkpoint = checkpoint
    this.#lastSlot = lastSlot
    this.setAside = setAside
  }

  static async open(folder: string): Promise<RunWriter> {
    await refuseLinksWithin(folder)
    for (const part of ['masks', 'checkpoints']) await ensureFolder(join(folder, part))
    for (const part of ['.', 'masks', 'checkpoints']) await removeLeftovers(join(folder, part))
    const [rounds, topology, { found, damaged }] = await Promise.all([
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
    const aside = await setDamagedAside(folder, { rounds, topology, found, damaged, updates })
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
      return new RunWriter(folder, roundLog, topologyLog, checkpoint, usable?.slot ?? null, aside)
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

/** Throws away everything that a run has recorded; its manifest stays. */
export async function clearRun(folder: string): Promise<void> {
  for (const part of [runFiles.rounds, runFiles.topology, 'masks', 'checkpoints'])
    await rm(join(folder, part), { recursive: true, force: true })
}

/** What was read of a run before it goes on. */
interface FoundFiles {
  readonly rounds: ReadRecords<RoundRecord>
  readonly topology: ReadRecords<TopologyRecord>
  readonly found: readonly FoundCheckpoint[]
  readonly damaged: readonly CheckpointSlot[]
  /** Topology updates of the checkpoint that is used. */
  readonly updates: number
}

/** Keeps whatever is damaged from being overwritten; gives its new names. */
async function setDamagedAside(folder: string, files: FoundFiles): Promise<string[]> {
  const { rounds, topology, found, damaged, updates } = files
  const aside: string[] = []
  for (const slot of damaged) aside.push(join('checkpoints', await setAside(join(folder, checkpointFile(slot)))))
  const logs = [
    {
      name: runFiles.rounds,
      records: rounds,
      promised: found.map(({ state, roundsSha256 }) => ({ count: state.nextRound, sha256: roundsSha256 })),
    },
    {
      name: runFiles.topology,
      records: topology,
      promised: found.map(({ state, topologySha256 }) => ({ count: state.topologyUpdates, sha256: topologySha256 })),
    },
  ]
  for (const { name, records, promised } of logs) {
    const isWhole =
      records.problems.length === 0 &&
      promised.every(({ count, sha256 }) => records.intact >= count && records.digestOf(count) === sha256)
    if (!isWhole && (await isFile(join(folder, name)))) aside.push(await setCopyAside(join(folder, name)))
  }
  // Masks from here on are written again; intact ones are the same to the bit.
  for (const name of await masksFrom(folder, updates)) {
    const path = join(folder, 'masks', name)
    try {
      await readMask(path)
    } catch {
      aside.push(join('masks', await setAside(path)))
    }
  }
  return aside
}

async function isFile(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isFile()
  } catch (error) {
    if (isMissing(error)) return false
    throw error
  }
}

async function ensureFolder(folder: string): Promise<void> {
  await mkdir(folder).catch((error: unknown) => {
    if (!isThere(error)) throw error
  })
}

async function removeMasksFrom(folder: string, firstUpdate: number): Promise<void> {
  for (const name of await masksFrom(folder, firstUpdate)) await rm(join(folder, 'masks', name), { force: true })
}

async function masksFrom(folder: string, firstUpdate: number): Promise<string[]> {
  return (await readdir(join(folder, 'masks'))).filter((name) => {
    const update = /^(\d+)\.bin$/.exec(name)?.[1]
    return update !== undefined && Number(update) >= firstUpdate
  })
}
