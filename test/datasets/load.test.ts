import { createHash } from 'node:crypto'
import { appendFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { DatasetStore } from '../../src-main/datasets/dataset-store'
import { officialCatalogue, type Catalogue } from '../../src-main/datasets/descriptions'
import { temporaryFolder } from './temporary-folder'
import { idx, tinyCatalogue, tinyFiles } from './tiny-catalogue'

const tiny = tinyCatalogue({ bytes: 1, integrity: '' })

/** A data folder that holds all tiny files of both forms. */
function filledStore(): { store: DatasetStore; folder: string } {
  const folder = temporaryFolder(
    [...tinyFiles].flatMap(([name, bytes]): [string, Buffer][] => [
      [`mnist/${name}`, bytes],
      [`cifar10/${name}`, bytes],
    ]),
  )
  return { store: new DatasetStore(folder, tiny), folder }
}

describe('the MNIST that comes with the application', () => {
  const store = new DatasetStore(join(import.meta.dirname, 'nothing-here'))

  it('is there at once, while CIFAR-10 can be downloaded and Fashion-MNIST imported', async () => {
    const [mnist, fashion, cifar] = await store.list()
    expect(mnist).toMatchObject({ name: 'mnist', state: 'bundled', trainImages: 60_000, shape: [1, 28, 28] })
    expect(cifar).toMatchObject({ name: 'cifar10', state: 'missing', downloadBytes: 138_940_914 })
    expect(fashion).toMatchObject({ name: 'fashion-mnist', downloadBytes: null })
  })

  it('is the published one, standardised by its own mean and deviation', async () => {
    const { train, test, classNames, sha256 } = await store.load('mnist')
    expect([...train.labels.subarray(0, 10)]).toEqual([5, 0, 4, 1, 9, 2, 1, 3, 1, 4])
    expect([...test.labels.subarray(0, 5)]).toEqual([7, 2, 1, 0, 4])
    expect([train.count, test.count, classNames.length]).toEqual([60_000, 10_000, 10])
    expect(train.pixels.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(test.labels.buffer).toBeInstanceOf(SharedArrayBuffer)
    expect(sha256).toBe('06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16')
    let sum = 0
    let squares = 0
    for (const pixel of train.pixels) {
      sum += pixel / 255
      squares += (pixel / 255) ** 2
    }
    const mean = sum / train.pixels.length
    expect(mean).toBeCloseTo(train.mean[0], 4)
    expect(Math.sqrt(squares / train.pixels.length - mean ** 2)).toBeCloseTo(train.deviation[0], 4)
  })

  it('has the official checksums of every data set, 32 hexadecimal digits and none twice', () => {
    const md5s = JSON.stringify(officialCatalogue).match(/"md5":"[0-9a-f]{32}"/g) ?? []
    expect(new Set(md5s).size).toBe(4 + 4 + 6)
  })
})

describe('load', () => {
  it('reads IDX files', async () => {
    const { train, test } = await filledStore().store.load('mnist')
    expect([...train.pixels]).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11])
    expect([...train.labels]).toEqual([7, 0, 9])
    expect([...test.pixels]).toEqual([100, 101, 102, 103, 104, 105, 106, 107])
    expect([...test.labels]).toEqual([1, 2])
  })

  it('reads binary records over several files', async () => {
    const { train, test, sha256 } = await filledStore().store.load('cifar10')
    expect([...train.labels]).toEqual([1, 2, 3, 4])
    expect([...train.pixels.subarray(0, 13)]).toEqual([10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21, 110])
    expect([...train.pixels.subarray(24, 26)]).toEqual([30, 31])
    expect([...test.labels]).toEqual([5, 6])
    const all = Buffer.concat([train.pixels, train.labels, test.pixels, test.labels])
    expect(sha256).toBe(createHash('sha256').update(all).digest('hex'))
  })

  it('reads a data set once for several runs, and another one afterwards', async () => {
    const { store } = filledStore()
    const first = await store.load('mnist')
    expect(await store.load('mnist')).toBe(first)
    expect((await store.load('cifar10')).train.shape).toEqual([3, 2, 2])
    expect(await store.load('mnist')).not.toBe(first)
  })

  it('says what to do when a data set is missing', async () => {
    const { store, folder } = filledStore()
    rmSync(join(folder, 'cifar10/data_batch_2.bin'))
    await expect(store.load('cifar10')).rejects.toMatchObject({
      kind: 'not-found',
      message: expect.stringMatching(/^dataset: cifar10 is not on this computer\. Download it/) as string,
    })
  })

  it.each([
    [
      'a changed byte',
      (path: string) => {
        writeFileSync(path, (tinyFiles.get('data_batch_2.bin') ?? Buffer.of()).fill(7, 3, 4))
      },
      /data_batch_2\.bin is not the official data_batch_2\.bin: its MD5 is [0-9a-f]{32} and should be [0-9a-f]{32}; fetch or import/,
    ],
    [
      'a short file',
      (path: string) => {
        truncateSync(path, 20)
      },
      /data_batch_2\.bin .* has 20 bytes and should have 26;/,
    ],
    [
      'a long file',
      (path: string) => {
        appendFileSync(path, 'x')
      },
      /data_batch_2\.bin .* has 27 bytes and should have 26;/,
    ],
  ])('refuses %s, and reads again once it is mended', async (_, damage, message) => {
    const original = Buffer.from(tinyFiles.get('data_batch_2.bin') ?? [])
    const { store, folder } = filledStore()
    const path = join(folder, 'cifar10/data_batch_2.bin')
    damage(path)
    tinyFiles.set('data_batch_2.bin', original)
    await expect(store.load('cifar10')).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(message) as string,
    })
    writeFileSync(path, original)
    expect((await store.load('cifar10')).train.count).toBe(4)
  })

  /** A catalogue whose mnist training labels are the given bytes. */
  function withLabels(bytes: Buffer): DatasetStore {
    const md5 = createHash('md5').update(bytes).digest('hex')
    const train = { ...tiny.mnist.train, labels: { name: 'odd-labels', bytes: bytes.length, md5 } }
    const catalogue: Catalogue = { ...tiny, mnist: { ...tiny.mnist, train } }
    return new DatasetStore(
      temporaryFolder([...tinyFiles, ['odd-labels', bytes] as const].map(([name, file]) => [`mnist/${name}`, file])),
      catalogue,
    )
  }

  it('refuses a header of another shape and labels without a class', async () => {
    await expect(withLabels(idx([4], [1, 2, 3, 4])).load('mnist')).rejects.toThrow(
      'odd-labels has the IDX header 2049, 4, not 2049, 3',
    )
    await expect(withLabels(Buffer.of(1)).load('mnist')).rejects.toThrow('odd-labels has the IDX header -1, -1')
    await expect(withLabels(idx([3], [1, 10, 3])).load('mnist')).rejects.toThrow('image 1 has label 10')
  })
})
