import { z } from 'zod'
import { fromLittleEndian, littleEndianBytes } from './little-endian'

/**
 * The safetensors format (huggingface/safetensors, README "Format"): 8 bytes of little-endian header length, a JSON header
 * `{ name: { dtype, shape, data_offsets } }` with text under `__metadata__`, then the tensors without gaps.
 */
export type Tensor =
  | { readonly dtype: 'F32'; readonly values: Float32Array }
  | { readonly dtype: 'F64'; readonly values: Float64Array }
  | { readonly dtype: 'I32'; readonly values: Int32Array }
  | { readonly dtype: 'U8'; readonly values: Uint8Array }
  /** One byte, 0 or 1, per entry. */
  | { readonly dtype: 'BOOL'; readonly values: Uint8Array }

export interface TensorFile {
  readonly metadata: Readonly<Record<string, string>>
  readonly tensors: ReadonlyMap<string, Tensor>
}

const headerSchema = z.record(
  z.string(),
  z.union([
    z.strictObject({
      dtype: z.enum(['F32', 'F64', 'I32', 'U8', 'BOOL']),
      shape: z.tuple([z.number().int().nonnegative()]),
      data_offsets: z.tuple([z.number().int().nonnegative(), z.number().int().nonnegative()]),
    }),
    z.record(z.string(), z.string()),
  ]),
)
const elementBytes = { F32: 4, F64: 8, I32: 4, U8: 1, BOOL: 1 }

/** Bytes of a file with flat tensors. */
export function encodeTensors({ metadata, tensors }: TensorFile): Buffer {
  const header: Record<string, unknown> = { __metadata__: metadata }
  const parts: Buffer[] = []
  let offset = 0
  for (const [name, { dtype, values }] of tensors) {
    const bytes = littleEndianBytes(values)
    header[name] = { dtype, shape: [values.length], data_offsets: [offset, offset + bytes.length] }
    parts.push(bytes)
    offset += bytes.length
  }
  const text = JSON.stringify(header)
  // Readers that map the file want the data aligned; the format allows spaces after the header.
  const headerBytes = Buffer.from(text + ' '.repeat((8 - (Buffer.byteLength(text) % 8)) % 8))
  const length = Buffer.alloc(8)
  length.writeBigUInt64LE(BigInt(headerBytes.length))
  return Buffer.concat([length, headerBytes, ...parts])
}

/** Reads flat tensors. Throws an error in words when the bytes are not such a file. */
export function decodeTensors(bytes: Buffer): TensorFile {
  if (bytes.length < 8) throw new Error('shorter than a safetensors header')
  const headerLength = Number(bytes.readBigUInt64LE(0))
  if (headerLength > bytes.length - 8) throw new Error('the safetensors header is cut off')
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8', 8, 8 + headerLength))
  } catch {
    throw new Error('the safetensors header is not valid JSON')
  }
  const header = headerSchema.safeParse(json)
  if (!header.success) throw new Error('the safetensors header does not fit the format')

  const data = bytes.subarray(8 + headerLength)
  const tensors = new Map<string, Tensor>()
  let metadata: Record<string, string> = {}
  // Tensors follow each other, as the format demands: what overlaps could ask for far more memory than the file has bytes.
  let written = 0
  for (const [name, entry] of Object.entries(header.data)) {
    if (!Array.isArray(entry['data_offsets'])) {
      if (name === '__metadata__') metadata = entry as Record<string, string>
      continue
    }
    const { dtype, shape, data_offsets: offsets } = entry as TensorHeader
    const [begin, end] = offsets
    if (begin !== written || end > data.length || end - begin !== shape[0] * elementBytes[dtype]) {
      throw new Error(`tensor ${name} does not lie within the file, behind the one before it`)
    }
    written = end
    const buffer = fromLittleEndian(data.subarray(begin, end), elementBytes[dtype])
    if (dtype === 'F32') tensors.set(name, { dtype, values: new Float32Array(buffer) })
    else if (dtype === 'F64') tensors.set(name, { dtype, values: new Float64Array(buffer) })
    else if (dtype === 'I32') tensors.set(name, { dtype, values: new Int32Array(buffer) })
    else tensors.set(name, { dtype, values: new Uint8Array(buffer) })
  }
  return { metadata, tensors }
}

interface TensorHeader {
  readonly dtype: Tensor['dtype']
  readonly shape: readonly [number]
  readonly data_offsets: readonly [number, number]
}
