import { createHash } from 'node:crypto'
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdir, open, readdir, rename, rm, stat, statfs } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { PassThrough, Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import yauzl, { type Entry, type ZipFile } from 'yauzl'
import yazl from 'yazl'
import { z } from 'zod'
import { EspalierError } from '../contract/commands'
import { archivePathProblem } from './archive-paths'
import { errorText, parseJson } from './json-file'

/**
 * A session in one file: a zip of its folder, and behind it `checksums.json` with the size and SHA-256 of every file. An
 * archive comes from anywhere, so its list of files is judged before a byte is unpacked.
 */
export interface TransferOptions {
  readonly onProgress?: (bytesDone: number, bytesTotal: number) => void
  readonly signal?: AbortSignal
}

/** Limits on what is unpacked; the defaults hold for sessions of thousands of runs. */
export interface ArchiveLimits {
  readonly files: number
  readonly fileBytes: number
  readonly totalBytes: number
  /** Bytes unpacked per byte of the archive, once `freeBytes` are passed. */
  readonly ratio: number
  readonly freeBytes: number
}
const defaultLimits: ArchiveLimits = {
  files: 500_000,
  fileBytes: 512 * 1024 ** 2,
  totalBytes: 256 * 1024 ** 3,
  ratio: 200,
  freeBytes: 256 * 1024 ** 2,
}

const checksumsName = 'checksums.json'
const checksumsSchema = z.object({
  format: z.literal('espalier-archive-1'),
  files: z.array(z.object({ path: z.string(), bytes: z.number().int().nonnegative(), sha256: z.string() })),
})
type Checksums = z.output<typeof checksumsSchema>

/** Files of a session folder as paths with forward slashes, in order. Locks and unfinished writes stay out. */
export async function sessionFiles(folder: string): Promise<string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true })
  return entries
    .filter((entry) => entry.isFile())
    .map((entry) =>
      join(entry.parentPath, entry.name)
        .slice(folder.length + 1)
        .replaceAll('\\', '/'),
    )
    .filter((path) => !path.endsWith('.tmp') && path !== checksumsName && archivePathProblem(path) === null)
    .sort()
}

/**
 * Writes the session in `folder` into the archive `file`, which appears there only when it is whole. The session must not
 * change meanwhile. Throws the signal's reason when aborted.
 */
export async function writeArchive(folder: string, file: string, options: TransferOptions = {}): Promise<void> {
  const paths = await sessionFiles(folder)
  const sizes = await Promise.all(paths.map(async (path) => (await stat(join(folder, path))).size))
  const progress = counter(
    sizes.reduce((sum, size) => sum + size, 0),
    options,
  )
  const zip = new yazl.ZipFile()
  const failed = new Promise<never>((_, reject) => {
    zip.on('error', reject)
  })
  const files: Checksums['files'] = []
  for (const path of paths) {
    zip.addReadStreamLazy(path, { mtime: new Date(0), mode: 0o100644 }, (give) => {
      const { stream, result } = hashing(progress)
      const source = createReadStream(join(folder, path))
      source.on('error', (error) => stream.destroy(error))
      stream.on('end', () => files.push({ path, ...result() }))
      give(null, source.pipe(stream))
    })
  }
  // Asked for when all files have gone by and their digests are known.
  zip.addReadStreamLazy(checksumsName, { mtime: new Date(0), mode: 0o100644 }, (give) => {
    const checksums: Checksums = { format: 'espalier-archive-1', files }
    const stream = new PassThrough()
    give(null, stream)
    stream.end(`${JSON.stringify(checksums)}\n`)
  })
  zip.end()

  const unfinished = `${file}.part`
  try {
    await Promise.race([pipeline(zip.outputStream, createWriteStream(unfinished), { signal: options.signal }), failed])
    const handle = await open(unfinished, 'r+')
    try {
      await handle.sync()
    } finally {
      await handle.close()
    }
    await rename(unfinished, file)
  } catch (error) {
    await rm(unfinished, { force: true })
    options.signal?.throwIfAborted()
    throw error
  }
}

/**
 * Unpacks an archive into `folder`, which must not exist yet, and checks every file against its checksum. Nothing is left
 * behind when it throws: `refused` for a file that is no such archive, is damaged, or names what no session holds.
 */
export async function readArchive(
  file: string,
  folder: string,
  options: TransferOptions = {},
  limits: ArchiveLimits = defaultLimits,
): Promise<void> {
  const zip = await openZip(file)
  try {
    const entries = await checkedEntries(zip, file, limits)
    const { bavail, bsize } = await statfs(dirname(folder))
    const total = entries.reduce((sum, entry) => sum + entry.uncompressedSize, 0)
    if (total > bavail * bsize) {
      throw refused(file, `needs ${total} bytes, but only ${bavail * bsize} are free where sessions are kept`)
    }
    await mkdir(folder)
    const checksums = await readChecksums(zip, entries, file)
    const progress = counter(total, options)
    for (const entry of entries) {
      options.signal?.throwIfAborted()
      if (entry.fileName === checksumsName) continue
      await unpack(zip, entry, { file, folder, checksums, progress, signal: options.signal })
    }
  } catch (error) {
    await rm(folder, { recursive: true, force: true })
    options.signal?.throwIfAborted()
    throw error instanceof EspalierError ? error : refused(file, `cannot be unpacked: ${errorText(error)}`)
  } finally {
    zip.close()
  }
}

async function openZip(file: string): Promise<ZipFile> {
  try {
    return await yauzl.openPromise(file, { strictFileNames: true, autoClose: false })
  } catch (error) {
    throw refused(file, `is not a zip archive that can be read: ${errorText(error)}`)
  }
}

/** The archive's list of files, once nothing in it is out of order. */
async function checkedEntries(zip: ZipFile, file: string, limits: ArchiveLimits): Promise<Entry[]> {
  if (zip.entryCount > limits.files) {
    throw refused(file, `lists ${zip.entryCount} files; a session has at most ${limits.files}`)
  }
  const entries: Entry[] = []
  const seen = new Set<string>()
  const { size } = await stat(file)
  let total = 0
  for await (const entry of zip.eachEntry()) {
    const name = entry.fileName
    const refuse = (why: string) => refused(file, `${JSON.stringify(name)} ${why}`)
    // Folders are made where files need them.
    if (name.endsWith('/') && archivePathProblem(name.slice(0, -1)) === null && entry.uncompressedSize === 0) continue
    const problem = archivePathProblem(name)
    if (problem !== null) throw refuse(problem)
    const type = (entry.externalFileAttributes >>> 16) & 0o170000
    if (type !== 0 && type !== 0o100000) throw refuse('is a link or a device, not a file')
    if (entry.isEncrypted()) throw refuse('is encrypted')
    // Some file systems do not tell capitals from small letters.
    if (seen.has(name.toLowerCase())) throw refuse('is there twice')
    seen.add(name.toLowerCase())
    if (entry.uncompressedSize > limits.fileBytes) {
      throw refuse(`unpacks to ${entry.uncompressedSize} bytes; a file of a session has at most ${limits.fileBytes}`)
    }
    total += entry.uncompressedSize
    if (total > limits.totalBytes || (total > limits.freeBytes && total > limits.ratio * size)) {
      throw refused(file, `unpacks to more than ${total} bytes, far more than a session of its size`)
    }
    entries.push(entry)
  }
  for (const name of [checksumsName, 'session.json']) {
    if (!seen.has(name)) {
      throw refused(file, `has no ${name}; if it is a zipped session folder, unzip it and open the folder instead`)
    }
  }
  return entries
}

async function readChecksums(
  zip: ZipFile,
  entries: readonly Entry[],
  file: string,
): Promise<ReadonlyMap<string, Checksums['files'][number]>> {
  const entry = entries.find(({ fileName }) => fileName === checksumsName)
  if (entry === undefined) throw refused(file, `has no ${checksumsName}`)
  const chunks: Buffer[] = []
  for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer)
  let checksums: Checksums
  try {
    checksums = parseJson(Buffer.concat(chunks).toString('utf8'), checksumsSchema)
  } catch (error) {
    throw refused(file, `${checksumsName}: ${errorText(error)}`)
  }
  const byPath = new Map(checksums.files.map((sum) => [sum.path, sum]))
  const names = new Set(entries.map(({ fileName }) => fileName))
  const missing = checksums.files.find(({ path }) => !names.has(path))
  if (missing !== undefined) throw refused(file, `${JSON.stringify(missing.path)} is missing: the archive is not whole`)
  return byPath
}

interface Unpacking {
  readonly file: string
  readonly folder: string
  readonly checksums: ReadonlyMap<string, Checksums['files'][number]>
  readonly progress: (bytes: number) => void
  readonly signal: AbortSignal | undefined
}

async function unpack(zip: ZipFile, entry: Entry, unpacking: Unpacking): Promise<void> {
  const { file, folder, checksums, progress, signal } = unpacking
  const path = entry.fileName
  const expected = checksums.get(path)
  if (expected === undefined) throw refused(file, `${JSON.stringify(path)} is not in ${checksumsName}`)
  const place = join(folder, ...path.split('/'))
  await mkdir(dirname(place), { recursive: true })
  const { stream, result } = hashing(progress)
  await pipeline(await zip.openReadStreamPromise(entry), stream, createWriteStream(place, { flags: 'wx' }), { signal })
  const { bytes, sha256 } = result()
  if (bytes !== expected.bytes || sha256 !== expected.sha256) {
    throw refused(file, `${JSON.stringify(path)} does not match its checksum: the archive is damaged`)
  }
}

function refused(file: string, why: string): EspalierError {
  return new EspalierError('refused', `${file}: ${why}`)
}

/** Passes bytes on and knows how many there were and their digest. */
function hashing(progress: (bytes: number) => void) {
  const hash = createHash('sha256')
  let bytes = 0
  const stream = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      hash.update(chunk)
      bytes += chunk.length
      progress(chunk.length)
      done(null, chunk)
    },
  })
  return { stream, result: () => ({ bytes, sha256: hash.digest('hex') }) }
}

function counter(total: number, { onProgress }: TransferOptions): (bytes: number) => void {
  let done = 0
  return (bytes) => {
    done += bytes
    onProgress?.(done, total)
  }
}
