import { EspalierError } from '../contract/commands'
import type { LabelledImages } from '../engine/trainer/trainer'
import type { DatasetDescription, OfficialFile, SplitFiles } from './descriptions'

/** Magic numbers of IDX files of unsigned bytes: one dimension (labels) and three (images). */
const labelMagic = 0x0801
const imageMagic = 0x0803

/**
 * The images of one split, in shared memory. `bytesOf` gives the checked bytes of a file; each is asked for once, and not
 * before the one before it has been copied. Throws `failed` when a file is not what its name says.
 */
export async function readSplit(
  { shape, mean, deviation, classNames }: DatasetDescription,
  files: SplitFiles,
  count: number,
  bytesOf: (file: OfficialFile) => Promise<Buffer>,
): Promise<LabelledImages> {
  const [channels, height, width] = shape
  const imageBytes = channels * height * width
  const pixels = new Uint8Array(new SharedArrayBuffer(count * imageBytes))
  const labels = new Uint8Array(new SharedArrayBuffer(count))
  if (files.form === 'idx') {
    pixels.set(idxBody(files.images, await bytesOf(files.images), imageMagic, [count, height, width]))
    labels.set(idxBody(files.labels, await bytesOf(files.labels), labelMagic, [count]))
  } else {
    let image = 0
    for (const part of files.parts) {
      const records = await bytesOf(part)
      if (records.length !== part.bytes || records.length % (1 + imageBytes) !== 0)
        throw new EspalierError('failed', `${part.name} has ${records.length} bytes, not ${part.bytes}`)
      for (let start = 0; start < records.length; start += 1 + imageBytes, image++) {
        labels[image] = records[start]
        pixels.set(records.subarray(start + 1, start + 1 + imageBytes), image * imageBytes)
      }
    }
  }
  const stranger = labels.findIndex((label) => label >= classNames.length)
  if (stranger >= 0)
    throw new EspalierError(
      'failed',
      `image ${stranger} has label ${labels[stranger]}, and classes end at ${classNames.length - 1}`,
    )
  return { pixels, labels, count, shape, mean, deviation }
}

/** What follows the header of an IDX file: magic number, then one big-endian 32-bit number for each dimension. */
function idxBody(file: OfficialFile, bytes: Buffer, magic: number, dimensions: readonly number[]): Buffer {
  const expected = [magic, ...dimensions]
  const body = 4 * expected.length
  const header = expected.map((_, index) => (bytes.length < body ? -1 : bytes.readUInt32BE(4 * index)))
  if (header.some((value, index) => value !== expected[index]))
    throw new EspalierError(
      'failed',
      `${file.name} has the IDX header ${header.join(', ')}, not ${expected.join(', ')}`,
    )
  const size = body + dimensions.reduce((all, one) => all * one, 1)
  if (bytes.length !== size)
    throw new EspalierError('failed', `${file.name} has ${bytes.length} bytes, and its header speaks of ${size}`)
  return bytes.subarray(body)
}
