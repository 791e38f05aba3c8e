import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../files/replace-file'
import type { NumberArray } from '../engine/federated/named-arrays'
import type { RunCheckpoint } from '../engine/federated/run-events'
import { errorText, isMissing, readBytes } from './json-file'
import { littleEndianBytes } from './little-endian'
import { decodeTensors, encodeTensors, type Tensor } from './safetensors'

/**
 * Two checkpoint files taken in turn, so that one is whole at every moment. Each knows the digests of the records written
 * before it and carries a digest of itself.
 */
export interface SavedCheckpoint {
  readonly state: RunCheckpoint
  /** SHA-256 of the lines of `rounds.ndjson` and `topology.ndjson` that belong to this state. */
  readonly roundsSha256: string
  readonly topologySha256: string
}

const slots = ['a', 'b'] as const
export type CheckpointSlot = (typeof slots)[number]

export interface FoundCheckpoint extends SavedCheckpoint {
  readonly slot: CheckpointSlot
}

const counted = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number)
const metadataSchema = z.object({
  format: z.literal('espalier-checkpoint-1'),
  nextRound: counted,
  topologyUpdates: counted,
  roundsSha256: z.string(),
  topologySha256: z.string(),
  sha256: z.string(),
})
type Metadata = z.input<typeof metadataSchema>

/** File name of a slot, relative to the run's folder. */
export function checkpointFile(slot: CheckpointSlot): string {
  return join('checkpoints', `${slot}.safetensors`)
}

/** The slot to be written after `slot`. */
export function nextSlot(slot: CheckpointSlot | null): CheckpointSlot {
  return slot === 'a' ? 'b' : 'a'
}

export async function writeCheckpoint(runFolder: string, slot: CheckpointSlot, saved: SavedCheckpoint): Promise<void> {
  const { state, roundsSha256, topologySha256 } = saved
  const tensors = new Map<string, Tensor>([
    ['parameters', { dtype: 'F32', values: state.parameters }],
    ['maskVersions', { dtype: 'I32', values: state.maskVersions }],
    ['mask', { dtype: 'BOOL', values: state.mask }],
    ['firstMask', { dtype: 'BOOL', values: state.firstMask }],
    ['fired', { dtype: 'BOOL', values: state.fired }],
  ])
  if (state.requestedActive !== null) {
    tensors.set('requestedActive', { dtype: 'I32', values: Int32Array.from(state.requestedActive) })
  }
  if (state.maskChange !== null) {
    tensors.set('maskChange', { dtype: 'I32', values: Int32Array.from(state.maskChange) })
  }
  for (const [name, array] of Object.entries(state.serverState)) tensors.set(`server/${name}`, tensorOf(array))
  for (const [client, arrays] of state.clientStates) {
    for (const [name, array] of Object.entries(arrays)) tensors.set(`client/${client}/${name}`, tensorOf(array))
  }
  const described = {
    format: 'espalier-checkpoint-1' as const,
    nextRound: String(state.nextRound),
    topologyUpdates: String(state.topologyUpdates),
    roundsSha256,
    topologySha256,
  }
  const metadata: Metadata = { ...described, sha256: digest(described, tensors) }
  await replaceFile(join(runFolder, checkpointFile(slot)), encodeTensors({ metadata, tensors }))
}

/** The valid checkpoints, newest first, and what is wrong with the others (one line each, naming the file). */
export async function readCheckpoints(runFolder: string): Promise<{
  readonly found: readonly FoundCheckpoint[]
  readonly problems: readonly string[]
  /** The slots that these are about. */
  readonly damaged: readonly CheckpointSlot[]
}> {
  const found: FoundCheckpoint[] = []
  const problems: string[] = []
  const damaged: CheckpointSlot[] = []
  for (const slot of slots) {
    try {
      found.push({ slot, ...decode(await readBytes(join(runFolder, checkpointFile(slot)))) })
    } catch (error) {
      if (isMissing(error)) continue
      problems.push(`${checkpointFile(slot)}: ${errorText(error)}`)
      damaged.push(slot)
    }
  }
  found.sort((a, b) => b.state.nextRound - a.state.nextRound)
  return { found, problems, damaged }
}

function decode(bytes: Buffer): SavedCheckpoint {
  const { metadata: text, tensors } = decodeTensors(bytes)
  const metadata = metadataSchema.safeParse(text)
  if (!metadata.success) throw new Error('is not an Espalier checkpoint')
  const { sha256, ...described } = text as Metadata
  if (digest(described, tensors) !== sha256) throw new Error('the checksum does not match: the file was changed')
  const { nextRound, topologyUpdates, roundsSha256, topologySha256 } = metadata.data
  return {
    state: {
      nextRound,
      topologyUpdates,
      parameters: values(tensors, 'parameters', 'F32'),
      maskVersions: values(tensors, 'maskVersions', 'I32'),
      mask: values(tensors, 'mask', 'BOOL'),
      firstMask: values(tensors, 'firstMask', 'BOOL'),
      fired: values(tensors, 'fired', 'BOOL'),
      requestedActive: tensors.has('requestedActive') ? [...values(tensors, 'requestedActive', 'I32')] : null,
      maskChange: tensors.has('maskChange') ? [...values(tensors, 'maskChange', 'I32')] : null,
      ...methodState(tensors),
    },
    roundsSha256,
    topologySha256,
  }
}

function tensorOf(values: NumberArray): Tensor {
  if (values instanceof Float32Array) return { dtype: 'F32', values }
  if (values instanceof Float64Array) return { dtype: 'F64', values }
  if (values instanceof Int32Array) return { dtype: 'I32', values }
  return { dtype: 'U8', values }
}

/** What the method remembers: tensors `server/NAME` and `client/ID/NAME`. */
function methodState(tensors: ReadonlyMap<string, Tensor>): Pick<RunCheckpoint, 'serverState' | 'clientStates'> {
  const serverState: Record<string, NumberArray> = {}
  const clientStates = new Map<number, Record<string, NumberArray>>()
  for (const [path, { values: array }] of tensors) {
    const [, place, client, name] = /^(server|client)\/(?:(\d{1,9})\/)?([a-zA-Z].*)$/.exec(path) ?? []
    if (place === 'server') serverState[name] = array
    else if (place === 'client')
      clientStates.set(Number(client), { ...clientStates.get(Number(client)), [name]: array })
  }
  return { serverState, clientStates }
}

interface ValuesOf {
  readonly F32: Float32Array
  readonly I32: Int32Array
  readonly BOOL: Uint8Array
}

function values<Type extends keyof ValuesOf>(
  tensors: ReadonlyMap<string, Tensor>,
  name: string,
  dtype: Type,
): ValuesOf[Type] {
  const tensor = tensors.get(name)
  if (tensor?.dtype !== dtype) throw new Error(`tensor ${name} is missing`)
  return tensor.values as ValuesOf[Type]
}

function digest(described: Omit<Metadata, 'sha256'>, tensors: ReadonlyMap<string, Tensor>): string {
  const hash = createHash('sha256').update(
    [
      described.format,
      described.nextRound,
      described.topologyUpdates,
      described.roundsSha256,
      described.topologySha256,
    ].join(' '),
  )
  for (const [name, { dtype, values: entries }] of tensors) {
    hash.update(` ${name} ${dtype} ${entries.length} `).update(littleEndianBytes(entries))
  }
  return hash.digest('hex')
}
