import { randomBytes } from 'node:crypto'
import { open, readdir, rename, rm, stat } from 'node:fs/promises'
import { dirname, join } from 'node:path'

/**
 * Replaces a file as a whole: after a crash at any moment the old content or the new is there, never a part. Temporary file
 * beside it, fsync, rename, fsync of the folder. (The library atomically raises caught signals a second time, so that a
 * Ctrl-C that is being answered would end the process after all.)
 */
export async function replaceFile(path: string, content: string | Uint8Array): Promise<void> {
  const temporary = `${path}.${randomBytes(4).toString('hex')}${suffix}`
  try {
    const file = await open(temporary, 'wx')
    try {
      await file.writeFile(content)
      await file.sync()
    } finally {
      await file.close()
    }
    await rename(temporary, path)
  } catch (error) {
    await rm(temporary, { force: true })
    throw error
  }
  await syncFolder(dirname(path))
}

/** Removes what writers that died left in a folder; `seconds` spares younger files, which somebody may be writing. */
export async function removeLeftovers(folder: string, seconds = 0): Promise<void> {
  for (const name of await readdir(folder)) {
    if (!isLeftover(name)) continue
    const path = join(folder, name)
    const found = seconds === 0 ? null : await stat(path).catch(() => null)
    if (found === null || found.mtimeMs < Date.now() - seconds * 1000) await rm(path, { force: true })
  }
}

const suffix = '.tmp'

/** Whether a file of this name was being written when its writer died. */
export function isLeftover(name: string): boolean {
  return name.endsWith(suffix)
}

/** Has a folder's names on the disk. */
export async function syncFolder(folder: string): Promise<void> {
  // Windows cannot open a folder; its file systems write the rename down by themselves.
  if (process.platform === 'win32') return
  const handle = await open(folder, 'r')
  try {
    await handle.sync()
  } finally {
    await handle.close()
  }
}
