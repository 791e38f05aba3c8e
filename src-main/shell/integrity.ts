import { createHash } from 'node:crypto'
import type { createReadStream } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join, resolve, sep } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { z } from 'zod'
import type { ApplicationIntegrity } from '../contract/commands'
import { messageOf } from '../contract/errors'

const checksumsSchema = z.record(z.string(), z.string())

/**
 * Compares the packaged files with `checksums.json`, which the packaging wrote beside them. It tells a damaged installation,
 * not a forged one: who can change the files can change the list. (On macOS and Windows Electron itself refuses a changed
 * archive.)
 *
 * @param resources folder of app.asar
 * @param openFile reads the archive as the one file that it is
 */
export async function verifyApplication(
  resources: string,
  openFile: typeof createReadStream,
): Promise<ApplicationIntegrity> {
  let checksums: z.output<typeof checksumsSchema>
  try {
    checksums = checksumsSchema.parse(JSON.parse(await readFile(join(resources, 'checksums.json'), 'utf8')))
  } catch {
    return { filesChecked: 0, problems: ['checksums.json: missing or not readable'] }
  }
  const problems: string[] = []
  for (const [name, expected] of Object.entries(checksums)) {
    const file = resolve(resources, name)
    if (!file.startsWith(resources + sep)) {
      problems.push(`${name}: outside the application`)
      continue
    }
    const hash = createHash('sha256')
    try {
      await pipeline(openFile(file), hash)
      if (hash.digest('hex') !== expected) problems.push(`${name}: changed since it was packaged`)
    } catch (error) {
      problems.push(`${name}: ${messageOf(error)}`)
    }
  }
  return { filesChecked: Object.keys(checksums).length, problems }
}
