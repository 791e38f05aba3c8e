import { lstat, readdir } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { EspalierError } from '../contract/commands'
import { isMissing } from './json-file'

/**
 * A session may come from anywhere, and a link in it would carry writes out of it: no run is written through one. Throws
 * `refused` naming the link.
 */
export async function refuseLinkedFolder(runFolder: string): Promise<void> {
  for (const path of [dirname(runFolder), runFolder]) await refuseLink(path)
}

/** The same for all that lies in a run's folder and in the folders within. */
export async function refuseLinksWithin(runFolder: string): Promise<void> {
  await refuseLinkedFolder(runFolder)
  for (const folder of [runFolder, join(runFolder, 'masks'), join(runFolder, 'checkpoints')]) {
    await refuseLink(folder)
    const entries = await readdir(folder, { withFileTypes: true }).catch((error: unknown) => {
      if (isMissing(error)) return []
      throw error
    })
    for (const entry of entries) if (entry.isSymbolicLink()) throw linked(join(folder, entry.name))
  }
}

async function refuseLink(path: string): Promise<void> {
  try {
    if ((await lstat(path)).isSymbolicLink()) throw linked(path)
  } catch (error) {
    if (!isMissing(error)) throw error
  }
}

function linked(path: string): EspalierError {
  return new EspalierError('refused', `${path} is a link that leads out of the session; replace it by what it names.`)
}
