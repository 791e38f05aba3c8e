import { mkdir, statfs } from 'node:fs/promises'
import prettyBytes from 'pretty-bytes'
import { EspalierError } from '../contract/commands'
import { errorCode } from '../contract/errors'

export function isFullDisk(error: unknown): boolean {
  return ['ENOSPC', 'EDQUOT'].includes(errorCode(error) ?? '')
}

/** Throws `refused` once the user has stopped the work. */
export function refuseWhenStopped(signal: AbortSignal, work: string): void {
  if (signal.aborted)
    throw new EspalierError('refused', `${work}: stopped; what has arrived is kept for the next time.`)
}

/** Makes the folder and runs `work` there; errors of the disk come out in words that name the folder. */
export async function inWritableFolder<Result>(folder: string, work: () => Promise<Result>): Promise<Result> {
  try {
    await mkdir(folder, { recursive: true })
    return await work()
  } catch (error) {
    const code = errorCode(error)
    if (isFullDisk(error))
      throw new EspalierError('failed', `The disk of ${folder} is full; free some space and try again.`, {
        cause: error,
      })
    if (code !== null && ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'EEXIST'].includes(code))
      throw new EspalierError(
        'failed',
        `${folder} cannot be written (${code}); allow it or set ESPALIER_HOME to a folder that can.`,
        { cause: error },
      )
    throw error
  }
}

/** Refuses to begin what cannot end for want of space. */
export async function requireSpace(folder: string, bytes: number): Promise<void> {
  const { bavail, bsize } = await statfs(folder)
  const free = bavail * bsize
  if (free < bytes)
    throw new EspalierError(
      'failed',
      `${folder} has ${prettyBytes(free)} of free space and ${prettyBytes(bytes)} are needed; free some space and try again.`,
    )
}
