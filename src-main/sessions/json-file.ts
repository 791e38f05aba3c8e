import { createHash } from 'node:crypto'
import { readFile, stat } from 'node:fs/promises'
import type { z } from 'zod'
import { errorCode } from '../contract/errors'
import { failureText } from '../files/disk-errors'
import { replaceFile } from '../files/replace-file'

/** A session may come from anywhere, so no file of it is read without a limit. */
const largestFile = 512 * 1024 * 1024

/** Bytes of a file. Throws an error in words when it is absurdly large. */
export async function readBytes(path: string): Promise<Buffer> {
  const { size } = await stat(path)
  if (size > largestFile) throw new Error(`${size} bytes is more than such a file ever holds`)
  return readFile(path)
}

/** The checked content of a JSON file. Throws an error that says in words what does not fit. */
export async function readJson<Schema extends z.ZodType>(path: string, schema: Schema): Promise<z.output<Schema>> {
  return parseJson((await readBytes(path)).toString('utf8'), schema)
}

/** The checked content of JSON text, changed by `prepare` first. Throws an error that says in words what does not fit. */
export function parseJson<Schema extends z.ZodType>(
  text: string,
  schema: Schema,
  prepare: (value: unknown) => unknown = (value) => value,
): z.output<Schema> {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    throw new Error('not valid JSON')
  }
  const result = schema.safeParse(prepare(value))
  if (!result.success) throw new Error(issueText(result.error))
  return result.data
}

/** Replaces the file as a whole: temporary file, fsync, rename. */
export async function writeJson(path: string, value: unknown): Promise<void> {
  await replaceFile(path, `${JSON.stringify(value, null, 2)}\n`)
}

/** `writeJson` with a checksum in the last field, `sha256`, so that not even a changed digit passes for what was written. */
export async function writeSealed(path: string, value: object): Promise<void> {
  await replaceFile(path, sealedText(value))
}

/**
 * What is wrong with the text of a sealed file; null also for files from before there were seals, which hold `known` fields
 * only: a seal whose name was damaged does not pass for one of them.
 */
export function sealProblem(text: string, known: readonly string[]): string | null {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return 'not valid JSON'
  }
  if (typeof value !== 'object' || value === null) return null
  if (!('sha256' in value)) {
    const isOld = Object.keys(value).every((name) => known.includes(name))
    return isOld ? null : 'its checksum is missing: the file was changed'
  }
  const content = Object.fromEntries(Object.entries(value).filter(([name]) => name !== 'sha256'))
  return sealedText(content) === text ? null : 'the checksum does not match: the file was changed'
}

function sealedText(value: object): string {
  const sha256 = createHash('sha256').update(JSON.stringify(value)).digest('hex')
  return `${JSON.stringify({ ...value, sha256 }, null, 2)}\n`
}

/** The first problem of a schema check in one line. */
export function issueText(error: z.ZodError): string {
  const [issue] = error.issues
  const path = issue.path.join('.')
  return path === '' ? issue.message : `${path}: ${issue.message}`
}

export function isMissing(error: unknown): boolean {
  return errorCode(error) === 'ENOENT'
}

export function isThere(error: unknown): boolean {
  return errorCode(error) === 'EEXIST'
}

/** What an error says, for a line of damage. */
export function errorText(error: unknown): string {
  if (isMissing(error)) return 'missing'
  return failureText(error)
}
