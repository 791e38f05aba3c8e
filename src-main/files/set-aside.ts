import { constants, copyFile, open, rename } from 'node:fs/promises'
import { basename, dirname } from 'node:path'
import { exists } from './exists'
import { syncFolder } from './replace-file'

/**
 * Damaged files are never overwritten: what is to be written in their place is written beside them. A file NAME goes to
 * NAME.damaged, or NAME.damaged-2 and so on; its new name is returned.
 */
export async function setAside(path: string): Promise<string> {
  const aside = await freeName(path)
  await rename(path, aside)
  await syncFolder(dirname(path))
  return basename(aside)
}

/** The same with a copy, for a file whose good part stays in use. */
export async function setCopyAside(path: string): Promise<string> {
  const aside = await freeName(path)
  await copyFile(path, aside, constants.COPYFILE_EXCL | constants.COPYFILE_FICLONE)
  const file = await open(aside, 'r+')
  try {
    await file.sync()
  } finally {
    await file.close()
  }
  await syncFolder(dirname(path))
  return basename(aside)
}

async function freeName(path: string): Promise<string> {
  for (let number = 1; ; number++) {
    const name = `${path}.damaged${number === 1 ? '' : `-${number}`}`
    if (!(await exists(name))) return name
  }
}
