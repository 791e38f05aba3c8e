import { createHash } from 'node:crypto'
import { open, type FileHandle } from 'node:fs/promises'
import type { z } from 'zod'
import { errorText, isMissing, parseJson, readBytes } from './json-file'

/**
 * Records as lines of JSON, record k on line k. Each line is on the disk before `append` answers. A digest over all lines
 * goes into the checkpoint written after them, so that a changed digit does not pass for a result.
 */
export interface ReadRecords<Entry> {
  /** Every line that can be read. */
  readonly records: readonly Entry[]
  /** Records before the first damage: the part that a run may be continued from. */
  readonly intact: number
  /** One line each, without the file name. A torn last line is no damage: its record was never announced. */
  readonly problems: readonly string[]
  /** Bytes that the first `count` intact records take. */
  bytesOf(count: number): number
  /** SHA-256 of the first `count` intact records. */
  digestOf(count: number): string
}

/** Reads what is there; a missing file has no records. `numberOf` is the number a record carries, which must be its line. */
export async function readRecords<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  numberOf: (record: z.output<Schema>) => number,
): Promise<ReadRecords<z.output<Schema>>> {
  let bytes: Buffer = Buffer.alloc(0)
  const problems: string[] = []
  try {
    bytes = await readBytes(path)
  } catch (error) {
    if (!isMissing(error)) problems.push(errorText(error))
  }
  const records: z.output<Schema>[] = []
  const ends = [0]
  let start = 0
  for (let line = 0; ; line++) {
    const end = bytes.indexOf(0x0a, start)
    if (end === -1) break
    try {
      const record = parseJson(bytes.toString('utf8', start, end), schema)
      if (numberOf(record) !== line) throw new Error(`is record ${numberOf(record)}, expected ${line}`)
      if (problems.length === 0) ends.push(end + 1)
      records.push(record)
    } catch (error) {
      problems.push(`line ${line + 1}: ${errorText(error)}`)
    }
    start = end + 1
  }
  return {
    records,
    intact: ends.length - 1,
    problems,
    bytesOf: (count) => ends[count],
    digestOf: (count) => createHash('sha256').update(bytes.subarray(0, ends[count])).digest('hex'),
  }
}

/** The writing end: opened behind the records that are kept, whatever lay beyond them is cut off. */
export class RecordLog<Entry> {
  readonly #file: FileHandle
  readonly #hash = createHash('sha256')

  private constructor(file: FileHandle) {
    this.#file = file
  }

  /** Opens for appending after the first `bytes` bytes. */
  static async open<Entry>(path: string, bytes: number): Promise<RecordLog<Entry>> {
    const file = await open(path, 'a+')
    try {
      await file.truncate(bytes)
      await file.sync()
      const log = new RecordLog<Entry>(file)
      const kept = Buffer.alloc(bytes)
      await file.read(kept, 0, bytes, 0)
      log.#hash.update(kept)
      return log
    } catch (error) {
      await file.close()
      throw error
    }
  }

  async append(record: Entry): Promise<void> {
    const line = Buffer.from(`${JSON.stringify(record)}\n`)
    await this.#file.appendFile(line)
    await this.#file.sync()
    this.#hash.update(line)
  }

  /** SHA-256 of all lines so far. */
  digest(): string {
    return this.#hash.copy().digest('hex')
  }

  async close(): Promise<void> {
    await this.#file.close()
  }
}
