import { createHash } from 'node:crypto'
import { join } from 'node:path'
import { z } from 'zod'
import { replaceFile } from '../files/replace-file'
import { packBits, unpackBits } from '../engine/sparsity/pack-bits'
import { issueText, readBytes } from './json-file'

/**
 * One mask of the whole network in bits. The file: 8 bytes `ESPMASK1`, 4 bytes of little-endian header length, a JSON
 * header `{ layers: [{ layer, shape, weights }], sha256 }`, then every layer's bits, each layer starting on a new byte.
 * Bit i & 7 (lowest first) of byte i >> 3 is weight i of the layer in row-major order; `sha256` is of the bits.
 */
const magic = Buffer.from('ESPMASK1')

const headerSchema = z.strictObject({
  layers: z.array(
    z.strictObject({
      layer: z.string(),
      shape: z.array(z.number().int().positive()),
      weights: z.number().int().positive(),
    }),
  ),
  sha256: z.string(),
})

export interface MaskLayer {
  readonly layer: string
  readonly shape: readonly number[]
  readonly weights: number
}

export interface PackedLayer extends MaskLayer {
  readonly bits: Uint8Array
}

/** File name of an update's mask, relative to the run's folder. */
export function maskFile(update: number): string {
  return join('masks', `${update}.bin`)
}

/** Writes a flat mask whose parts belong to `layers` in order. */
export async function writeMask(path: string, layers: readonly MaskLayer[], mask: Uint8Array): Promise<void> {
  let offset = 0
  const parts = layers.map(({ weights }) => packBits(mask.subarray(offset, (offset += weights))))
  const bits = Buffer.concat(parts)
  const header = Buffer.from(
    JSON.stringify({
      layers: layers.map(({ layer, shape, weights }) => ({ layer, shape, weights })),
      sha256: createHash('sha256').update(bits).digest('hex'),
    }),
  )
  const length = Buffer.alloc(4)
  length.writeUInt32LE(header.length)
  await replaceFile(path, Buffer.concat([magic, length, header, bits]))
}

/** The layers of a mask file. Throws an error in words when the file is damaged. */
export async function readMask(path: string): Promise<PackedLayer[]> {
  const bytes = await readBytes(path)
  const start = magic.length + 4
  if (bytes.length < start || !bytes.subarray(0, magic.length).equals(magic)) throw new Error('is not a mask file')
  const headerLength = bytes.readUInt32LE(magic.length)
  let json: unknown
  try {
    json = JSON.parse(bytes.toString('utf8', start, start + headerLength))
  } catch {
    throw new Error('the header is damaged')
  }
  const header = headerSchema.safeParse(json)
  if (!header.success) throw new Error(`the header is damaged: ${issueText(header.error)}`)
  const bits = bytes.subarray(start + headerLength)
  if (createHash('sha256').update(bits).digest('hex') !== header.data.sha256) {
    throw new Error('the checksum does not match: the file was changed')
  }
  const wrong = header.data.layers.find(({ shape, weights }) => shape.reduce((all, size) => all * size, 1) !== weights)
  if (wrong !== undefined) throw new Error(`the shape of ${wrong.layer} does not hold its ${wrong.weights} weights`)
  let offset = 0
  const layers = header.data.layers.map((layer) => ({
    ...layer,
    bits: Uint8Array.from(bits.subarray(offset, (offset += Math.ceil(layer.weights / 8)))),
  }))
  if (offset !== bits.length) throw new Error('holds more or fewer bits than its layers have weights')
  return layers
}

/** The flat mask of packed layers, one byte per weight. */
export function flatMask(layers: readonly PackedLayer[]): Uint8Array {
  return Buffer.concat(layers.map(({ bits, weights }) => unpackBits(bits, weights)))
}
