import { mkdir } from 'node:fs/promises'
import { dirname } from 'node:path'
import { z } from 'zod'
import { priorities } from '../contract/queue'
import { readJson, writeJson } from '../sessions/json-file'

const savedEntrySchema = z.object({
  sessionId: z.string(),
  runId: z.string(),
  priority: z.enum(priorities),
  /** It was being executed. */
  wasActive: z.boolean(),
})
export type SavedEntry = z.output<typeof savedEntrySchema>
const queueSchema = z.object({ formatVersion: z.literal(1), runs: z.array(savedEntrySchema) })

/** Remembers which runs wait, and in which order, for the next start. */
export class QueueFile {
  readonly #path: string
  #writing: Promise<void> = Promise.resolve()

  constructor(path: string) {
    this.#path = path
  }

  /** In order; nothing when there is no file or it cannot be read: the runs themselves are in their sessions. */
  async read(): Promise<readonly SavedEntry[]> {
    try {
      return (await readJson(this.#path, queueSchema)).runs
    } catch {
      return []
    }
  }

  /** Writes take turns, so that the last one is what stays. */
  write(runs: readonly SavedEntry[]): Promise<void> {
    const written = this.#writing.then(async () => {
      await mkdir(dirname(this.#path), { recursive: true })
      await writeJson(this.#path, { formatVersion: 1, runs })
    })
    this.#writing = written.catch(() => {})
    return written
  }
}
