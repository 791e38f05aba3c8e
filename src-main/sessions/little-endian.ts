import { createHash } from 'node:crypto'
import { endianness } from 'node:os'

type Values = Float32Array | Int32Array | Uint8Array

/** The values as little-endian bytes, whatever this machine's order is. */
export function littleEndianBytes(values: Values): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return endianness() === 'LE' || values.BYTES_PER_ELEMENT === 1 ? bytes : Buffer.from(bytes).swap32()
}

/** An own, aligned copy of little-endian bytes as an array buffer in this machine's order; `size` bytes per element. */
export function fromLittleEndian(bytes: Uint8Array, size: number): ArrayBuffer {
  const copy = Buffer.from(new ArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  if (endianness() === 'BE' && size === 4) copy.swap32()
  return copy.buffer
}

/** SHA-256 of parameters as little-endian float32, in the order of the plan. */
export function weightsDigest(parameters: Float32Array): string {
  return createHash('sha256').update(littleEndianBytes(parameters)).digest('hex')
}
