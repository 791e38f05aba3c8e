import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import lockfile from 'proper-lockfile'
import { z } from 'zod'
import { replaceFile } from '../files/replace-file'
import { EspalierError } from '../contract/commands'

/**
 * One process at a time may run a session. The lock is a folder whose time is kept fresh (proper-lockfile); beside it stands
 * the owner, so that the lock of a process that died is known at once and not after a timeout.
 */
export interface SessionLock {
  release(): Promise<void>
}

const ownerSchema = z.object({ pid: z.number().int().positive(), host: z.string() })
type Owner = z.output<typeof ownerSchema>

const lockPath = (folder: string) => join(folder, '.lock')
const ownerPath = (folder: string) => join(folder, '.lock-owner.json')

/**
 * Takes the lock. `onLost` is called when it is lost while held (the folder vanished or was taken over).
 * Throws `busy` when another process holds it.
 */
export async function lockSession(folder: string, onLost: (reason: Error) => void): Promise<SessionLock> {
  const take = () => lockfile.lock(folder, { lockfilePath: lockPath(folder), onCompromised: onLost })
  let release: () => Promise<void>
  try {
    release = await take()
  } catch (error) {
    if (!isHeld(error)) throw error
    const owner = await readOwner(folder)
    if (!isDead(owner)) throw busy(folder, owner)
    await rm(lockPath(folder), { recursive: true, force: true })
    try {
      release = await take()
    } catch (second) {
      throw isHeld(second) ? busy(folder, owner) : second
    }
  }
  await replaceFile(ownerPath(folder), JSON.stringify({ pid: process.pid, host: hostname() } satisfies Owner))
  return {
    release: async () => {
      await rm(ownerPath(folder), { force: true })
      await release()
    },
  }
}

/** Whether some process, this one included, is running the session. */
export async function isSessionLocked(folder: string): Promise<boolean> {
  if (!(await lockfile.check(folder, { lockfilePath: lockPath(folder) }))) return false
  return !isDead(await readOwner(folder))
}

function isHeld(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ELOCKED'
}

function busy(folder: string, owner: Owner | null): EspalierError {
  const who = owner === null ? 'another process' : `process ${owner.pid} on ${owner.host}`
  return new EspalierError('busy', `The session in ${folder} is being run by ${who}; wait for it or stop it there.`)
}

async function readOwner(folder: string): Promise<Owner | null> {
  try {
    return ownerSchema.parse(JSON.parse(await readFile(ownerPath(folder), 'utf8')))
  } catch {
    // Between taking the lock and naming its owner there is a moment without a name.
    return null
  }
}

function isDead(owner: Owner | null): boolean {
  if (owner === null || owner.host !== hostname()) return false
  try {
    process.kill(owner.pid, 0)
    return false
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH'
  }
}
