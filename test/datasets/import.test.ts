import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { describe, expect, it } from 'vitest'
import { DatasetStore } from '../../src-main/datasets/dataset-store'
import type { Catalogue } from '../../src-main/datasets/descriptions'
import { temporaryFolder } from './temporary-folder'
import { pack } from './tiny-registry'
import { tinyCatalogue, tinyFiles } from './tiny-catalogue'

const tiny = tinyCatalogue({ bytes: 1, integrity: '' })
const idxFiles = [...tinyFiles].filter(([name]) => name.endsWith('ubyte'))
const records = [...tinyFiles].filter(([name]) => name.endsWith('.bin'))

describe('import', () => {
  it('takes IDX files, compressed or not, under either name, from a subfolder', async () => {
    const source = temporaryFolder(
      idxFiles.map(([name, bytes], index) =>
        index % 2 === 0 ? [`raw/${name}.gz`, gzipSync(bytes)] : [`raw/${name.replace('-idx', '.idx')}`, bytes],
      ),
    )
    const folder = temporaryFolder()
    const store = new DatasetStore(folder, tiny)
    expect(await store.importFolder('fashion-mnist', source)).toMatchObject({
      state: 'ready',
      folder: join(folder, 'fashion-mnist'),
    })
    for (const [name, bytes] of idxFiles) expect(readFileSync(join(folder, 'fashion-mnist', name))).toEqual(bytes)
    expect(JSON.parse(readFileSync(join(folder, 'fashion-mnist/dataset.json'), 'utf8'))).toMatchObject({
      formatVersion: 1,
      name: 'fashion-mnist',
      source,
      files: [{ name: 'train-images-idx3-ubyte', bytes: 28 }, {}, {}, {}],
    })
    expect([...(await store.load('fashion-mnist')).train.labels]).toEqual([7, 0, 9])
  })

  it("takes CIFAR-10's files or the archive as it is published", async () => {
    const archive = await pack(Object.fromEntries(records), 'cifar-10-batches-bin')
    for (const files of [records, [['cifar-10-binary.tar.gz', archive] as const]]) {
      const store = new DatasetStore(temporaryFolder(), tiny)
      await store.importFolder('cifar10', temporaryFolder(files))
      expect([...(await store.load('cifar10')).train.labels]).toEqual([1, 2, 3, 4])
    }
  })

  it('refuses an archive whose member is larger than it ever is, without unpacking anything', async () => {
    const archive = await pack({ ...Object.fromEntries(records), 'test_batch.bin': Buffer.alloc(100_000) }, 'x')
    const folder = temporaryFolder()
    const source = temporaryFolder([['cifar-10-binary.tar.gz', archive]])
    await expect(new DatasetStore(folder, tiny).importFolder('cifar10', source)).rejects.toThrow(
      /cifar-10-binary\.tar\.gz: test_batch\.bin has 100000 bytes/,
    )
    expect(readdirSync(join(folder, 'cifar10'))).toEqual([])
    expect(readdirSync(source)).toEqual(['cifar-10-binary.tar.gz'])
  })

  it('refuses an archive that is cut off', async () => {
    const archive = await pack(Object.fromEntries(records), 'x')
    const source = temporaryFolder([['cifar-10-binary.tar.gz', archive.subarray(0, archive.length / 2)]])
    await expect(new DatasetStore(temporaryFolder(), tiny).importFolder('cifar10', source)).rejects.toThrow()
  })

  it.each([
    ['missing', null, /has no t10k-labels-idx1-ubyte \(nor t10k-labels-idx1-ubyte\.gz\)/],
    ['wrong', Buffer.from('wrong byte'), /t10k-labels-idx1-ubyte is not the official .* its MD5 is/],
    ['short', Buffer.of(1, 2), /t10k-labels-idx1-ubyte is not the official .* has 2 bytes and should have 10/],
  ])('leaves the old data alone when the last file is %s', async (_, replacement, message) => {
    const folder = temporaryFolder(idxFiles.map(([name, bytes]) => [`mnist/${name}`, bytes]))
    const source = temporaryFolder([
      ...idxFiles.slice(0, 3),
      ...(replacement === null ? [] : [['t10k-labels-idx1-ubyte', replacement] as const]),
    ])
    const store = new DatasetStore(folder, tiny)
    await expect(store.importFolder('mnist', source)).rejects.toThrow(message)
    expect(readdirSync(join(folder, 'mnist')).sort()).toEqual(idxFiles.map(([name]) => name).sort())
    expect((await store.load('mnist')).train.count).toBe(3)
  })

  it('refuses compressed bytes that unpack to more than the file', async () => {
    const source = temporaryFolder([
      ...idxFiles.slice(0, 3),
      ['t10k-labels-idx1-ubyte.gz', gzipSync(Buffer.alloc(1_000_000), { level: 9 })],
    ])
    const store = new DatasetStore(temporaryFolder(), tiny)
    await expect(store.importFolder('mnist', source)).rejects.toThrow(
      /ubyte\.gz cannot be read \(ERR_BUFFER_TOO_LARGE\)/,
    )
  })

  it('names a folder that is not there', async () => {
    const store = new DatasetStore(temporaryFolder(), tiny)
    await expect(store.importFolder('mnist', '/nowhere/at/all')).rejects.toMatchObject({
      kind: 'wrong-input',
      message: 'folder: /nowhere/at/all cannot be read (ENOENT)',
    })
  })

  it('says when the data folder cannot be written', async () => {
    const folder = temporaryFolder([['a-file', Buffer.of()]])
    const store = new DatasetStore(join(folder, 'a-file/datasets'), tiny)
    await expect(store.importFolder('mnist', temporaryFolder(idxFiles))).rejects.toMatchObject({
      kind: 'failed',
      message: `${join(folder, 'a-file/datasets/mnist')} cannot be written (ENOTDIR); allow it or set ESPALIER_HOME to a folder that can.`,
    })
  })

  it('refuses at once when there is not enough space', async () => {
    const huge = { name: 'huge', bytes: 1e18, md5: '' }
    const catalogue: Catalogue = {
      ...tiny,
      cifar10: { ...tiny.cifar10, train: { form: 'records', parts: [huge] }, test: { form: 'records', parts: [] } },
    }
    const folder = temporaryFolder()
    await expect(new DatasetStore(folder, catalogue).importFolder('cifar10', temporaryFolder())).rejects.toThrow(
      /of free space and 1 EB are needed; free some space/,
    )
    expect(existsSync(join(folder, 'cifar10/dataset.json'))).toBe(false)
  })

  it('says when another process is at it', async () => {
    const folder = temporaryFolder([['mnist/.lock/held', Buffer.of()]])
    const store = new DatasetStore(folder, tiny)
    await expect(store.importFolder('mnist', temporaryFolder(idxFiles))).rejects.toMatchObject({
      kind: 'busy',
      message: 'mnist is being fetched by another process; wait for it.',
    })
    expect((await store.status('mnist')).state).toBe('missing')
  })

  it('removes what a process that died left half-written', async () => {
    const folder = temporaryFolder([['mnist/.incoming/train-images-idx3-ubyte', Buffer.of(1)]])
    await new DatasetStore(folder, tiny).importFolder('mnist', temporaryFolder(idxFiles))
    expect(readdirSync(join(folder, 'mnist')).sort()).toEqual(
      ['dataset.json', ...idxFiles.map(([name]) => name)].sort(),
    )
    writeFileSync(join(folder, 'mnist/dataset.json'), '')
    expect((await new DatasetStore(folder, tiny).load('mnist')).train.count).toBe(3)
  })
})
