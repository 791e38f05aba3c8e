import { createHash } from 'node:crypto'
import { endianness } from 'node:os'

type Values = Float32Array | Float64Array | Int32Array | Uint8Array

/** The values as little-endian bytes, whatever this machine's order is. */
export function littleEndianBytes(values: Values): Buffer {
  const bytes = Buffer.from(values.buffer, values.byteOffset, values.byteLength)
  return endianness() === 'LE' ? bytes : swapped(Buffer.from(bytes), values.BYTES_PER_ELEMENT)
}

/** An own, aligned copy of little-endian bytes as an array buffer in this machine's order; `size` bytes per element. */
export function fromLittleEndian(bytes: Uint8Array, size: number): ArrayBuffer {
  const copy = Buffer.from(new ArrayBuffer(bytes.byteLength))
  copy.set(bytes)
  if (endianness() === 'BE') swapped(copy, size)
  return copy.buffer
}

/** Turns elements of `size` bytes round, in place. */
function swapped(bytes: Buffer, size: number): Buffer {
  return size === 8 ? bytes.swap64() : size === 4 ? bytes.swap32() : bytes
}

/** SHA-256 of parameters as little-endian float32, in the order of the plan. */
export function weightsDigest(parameters: Float32Array): string {
  return createHash('sha256').update(littleEndianBytes(parameters)).digest('hex')
}
