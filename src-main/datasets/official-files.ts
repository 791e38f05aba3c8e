import { createHash } from 'node:crypto'
import { readdir, readFile, stat } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { gunzip } from 'node:zlib'
import { EspalierError } from '../contract/commands'
import { errorCode } from '../contract/errors'
import type { OfficialFile } from './descriptions'

const unzip = promisify(gunzip)

/** Names under which a file is found: as published or as other libraries unpack it, compressed or not. */
function knownNames({ name }: OfficialFile): string[] {
  const names = [name, name.replace('-idx', '.idx')]
  return [...new Set([...names, ...names.map((known) => `${known}.gz`)])]
}

/** Path of an official file in one of the folders; null when none has it. */
export async function findOfficialFile(folders: readonly string[], file: OfficialFile): Promise<string | null> {
  for (const folder of folders) {
    for (const name of knownNames(file)) {
      const path = join(folder, name)
      if ((await stat(path).catch(() => null))?.isFile() === true) return path
    }
  }
  return null
}

/** A folder and the folders directly in it. Throws `wrong-input` when it cannot be read. */
export async function withSubfolders(folder: string): Promise<string[]> {
  try {
    const entries = await readdir(folder, { withFileTypes: true })
    return [folder, ...entries.filter((entry) => entry.isDirectory()).map((entry) => join(folder, entry.name))]
  } catch (error) {
    throw new EspalierError('wrong-input', `folder: ${folder} cannot be read (${errorCode(error) ?? String(error)})`, {
      cause: error,
    })
  }
}

/** Uncompressed bytes of a file that should hold `file`, checked. Throws `failed` naming the file and what was found. */
export async function readOfficialFile(path: string, file: OfficialFile): Promise<Buffer> {
  let bytes: Buffer
  try {
    const { size } = await stat(path)
    // Compression adds its header at most; what is larger is something else and is not read.
    if (size > file.bytes + (path.endsWith('.gz') ? 1024 : 0)) throw wrongSize(path, file, size)
    bytes = await readFile(path)
    if (path.endsWith('.gz')) bytes = await unzip(bytes, { maxOutputLength: file.bytes + 1 })
  } catch (error) {
    if (error instanceof EspalierError) throw error
    throw new EspalierError('failed', `${path} cannot be read (${errorCode(error) ?? String(error)}); ${remedy}`, {
      cause: error,
    })
  }
  checkOfficialFile(path, bytes, file)
  return bytes
}

/** Throws `failed` unless the bytes are those of the official file. */
export function checkOfficialFile(path: string, bytes: Uint8Array, file: OfficialFile): void {
  if (bytes.byteLength !== file.bytes) throw wrongSize(path, file, bytes.byteLength)
  const md5 = createHash('md5').update(bytes).digest('hex')
  if (md5 !== file.md5)
    throw new EspalierError(
      'failed',
      `${path} is not the official ${file.name}: its MD5 is ${md5} and should be ${file.md5}; ${remedy}`,
    )
}

const remedy = 'fetch or import the data set again.'

function wrongSize(path: string, file: OfficialFile, found: number): EspalierError {
  return new EspalierError(
    'failed',
    `${path} is not the official ${basename(file.name)}: it has ${found} bytes and should have ${file.bytes}; ${remedy}`,
  )
}
