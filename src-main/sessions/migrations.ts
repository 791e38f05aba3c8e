import type { z } from 'zod'
import { EspalierError } from '../contract/commands'
import { formatVersions, runManifestSchema, sessionManifestSchema } from '../contract/records'
import { parseJson, readBytes, sealProblem } from './json-file'

type Fields = Readonly<Record<string, unknown>>

/** Step n makes the file of format n into one of format n + 1. A step is never changed once it was released. */
interface Format<Schema extends z.ZodObject> {
  readonly name: string
  readonly current: number
  readonly steps: Readonly<Partial<Record<number, (fields: Fields) => Fields>>>
  readonly schema: Schema
}

const sessionFormat: Format<typeof sessionManifestSchema> = {
  name: 'session.json',
  current: formatVersions.session,
  steps: {
    1: (fields) => ({ ...fields, tags: [] }),
    2: (fields) => ({ ...fields, runAnnotations: {} }),
  },
  schema: sessionManifestSchema,
}
const runFormat: Format<typeof runManifestSchema> = {
  name: 'run.json',
  current: formatVersions.run,
  steps: {},
  schema: runManifestSchema,
}

/** What a file says, and what is wrong with it all the same; null where nothing is. */
export interface Versioned<Value> {
  readonly value: Value
  readonly problem: string | null
}

/** `session.json` of any format so far, as the newest. Throws in words; `refused` when a newer Espalier wrote it. */
export function readSessionManifest(path: string) {
  return readVersioned(path, sessionFormat)
}

/** `run.json` likewise. */
export function readRunManifest(path: string) {
  return readVersioned(path, runFormat)
}

async function readVersioned<Schema extends z.ZodObject>(
  path: string,
  format: Format<Schema>,
): Promise<Versioned<z.output<Schema>>> {
  const text = (await readBytes(path)).toString('utf8')
  const value = parseJson(text, format.schema, (content) => upgrade(content, format))
  return { value, problem: sealProblem(text, Object.keys(format.schema.shape)) }
}

function upgrade<Schema extends z.ZodObject>(value: unknown, { name, current, steps }: Format<Schema>): unknown {
  if (typeof value !== 'object' || value === null) return value
  let fields = value as Fields
  for (;;) {
    const version = fields['formatVersion']
    if (typeof version === 'number' && version > current) {
      throw new EspalierError(
        'refused',
        `${name} has format ${version}, written by a newer Espalier; this one reads formats up to ${current}. Update Espalier to open it.`,
      )
    }
    const step = typeof version === 'number' && version < current ? steps[version] : undefined
    // Whatever else is wrong with it, the schema says.
    if (typeof version !== 'number' || step === undefined) return fields
    fields = { ...step(fields), formatVersion: version + 1 }
  }
}
