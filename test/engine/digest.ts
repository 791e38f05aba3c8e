import { createHash } from 'node:crypto'

/** SHA-256 of the bytes of a typed array: equal digests are equal bits. */
export function digest(values: Float32Array | Uint8Array | Uint32Array | Int32Array): string {
  return createHash('sha256')
    .update(new Uint8Array(values.buffer, values.byteOffset, values.byteLength))
    .digest('hex')
}
