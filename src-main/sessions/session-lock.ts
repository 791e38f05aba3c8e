import { readFileSync } from 'node:fs'
import { readFile, rm } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import lockfile from 'proper-lockfile'
import { z } from 'zod'
import { removeLeftovers, replaceFile } from '../files/replace-file'
import { EspalierError } from '../contract/commands'
import { isMissing } from './json-file'

/**
 * One process at a time may run a session. The lock is a folder whose time is kept fresh (proper-lockfile); beside it stands
 * the owner, so that the lock of a process that died is known at once, and that of one that sleeps is not taken for dead.
 */
export interface SessionLock {
  release(): Promise<void>
}

const ownerSchema = z.object({
  pid: z.number().int().positive(),
  host: z.string(),
  /** When the process started, as the system counts; tells it from a later one with its number. */
  startedAt: z.string().optional(),
})
type Owner = z.output<typeof ownerSchema>

/** A lock without an owner is given so long: then either somebody has named himself or the lock has grown old. */
const namelessMilliseconds = 12_000
const askAgainMilliseconds = 100

const lockPath = (folder: string) => join(folder, '.lock')
const ownerPath = (folder: string) => join(folder, '.lock-owner.json')
const takeoverPath = (folder: string) => join(folder, '.lock-takeover')

/**
 * Takes the lock. `onLost` is called when it is lost while held (the folder vanished or was taken over).
 * Throws `busy` when another process holds it.
 */
export async function lockSession(folder: string, onLost: (reason: Error) => void): Promise<SessionLock> {
  const release = await take(folder, onLost)
  try {
    // A name or a note may be saved by another process meanwhile.
    await removeLeftovers(folder, 60)
    await replaceFile(ownerPath(folder), JSON.stringify(thisProcess()))
  } catch (error) {
    await release()
    throw error
  }
  return {
    release: async () => {
      try {
        await rm(ownerPath(folder), { force: true })
        await release()
      } catch (error) {
        // A session that is gone is locked by nobody.
        if (!isMissing(error)) throw error
      }
    },
  }
}

/** Whether some process, this one included, is running the session. */
export async function isSessionLocked(folder: string): Promise<boolean> {
  const owner = await readOwner(folder)
  const life = owner === null ? 'unknown' : lifeOf(owner)
  if (life === 'dead') return false
  const isFresh = await lockfile.check(folder, { lockfilePath: lockPath(folder) })
  return isFresh || (life === 'alive' && (await lockExists(folder)))
}

async function take(folder: string, onLost: (reason: Error) => void): Promise<() => Promise<void>> {
  const waitUntil = performance.now() + namelessMilliseconds
  for (;;) {
    const owner = await readOwner(folder)
    const life = owner === null ? 'unknown' : lifeOf(owner)
    // Its lock may look old because it slept; it goes on as soon as it wakes.
    if (life === 'alive' && (await lockExists(folder))) throw busy(folder, owner)
    if (life === 'dead') await removeLockOf(folder, owner)
    try {
      return await lockfile.lock(folder, { lockfilePath: lockPath(folder), onCompromised: onLost })
    } catch (error) {
      if (!isHeld(error)) throw error
      const holder = await readOwner(folder)
      if (holder !== null && lifeOf(holder) !== 'dead') throw busy(folder, holder)
      // Its holder has not named itself yet, or died before it could.
      if (performance.now() > waitUntil) throw busy(folder, holder)
      await sleep(askAgainMilliseconds)
    }
  }
}

/** Removes a dead owner's lock, under a lock of its own: of two who find it dead, the second must not remove the first's. */
async function removeLockOf(folder: string, dead: Owner | null): Promise<void> {
  const guard = takeoverPath(folder)
  let leave: () => Promise<void>
  try {
    leave = await lockfile.lock(guard, { lockfilePath: guard, realpath: false, onCompromised: () => undefined })
  } catch (error) {
    if (isHeld(error)) return
    throw error
  }
  try {
    const now = await readOwner(folder)
    if (JSON.stringify(now) !== JSON.stringify(dead)) return
    await rm(lockPath(folder), { recursive: true, force: true })
    await rm(ownerPath(folder), { force: true })
  } finally {
    await leave()
  }
}

async function lockExists(folder: string): Promise<boolean> {
  return lockfile.check(folder, { lockfilePath: lockPath(folder), stale: Number.MAX_SAFE_INTEGER })
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

function thisProcess(): Owner {
  const status = statusOf(process.pid)
  return { pid: process.pid, host: hostname(), ...(status === null ? {} : { startedAt: status.startedAt }) }
}

/** `unknown` on another computer, and where a process cannot be told from a later one with its number. */
function lifeOf({ pid, host, startedAt }: Owner): 'alive' | 'dead' | 'unknown' {
  if (host !== hostname()) return 'unknown'
  try {
    process.kill(pid, 0)
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ESRCH' ? 'dead' : 'unknown'
  }
  const status = statusOf(pid)
  // Its last thread has ended; only its number is kept until its parent takes note, which may take seconds.
  if (status?.state === 'Z' && status.threads <= 1) return 'dead'
  if (startedAt === undefined || status === null) return 'unknown'
  return status.startedAt === startedAt ? 'alive' : 'dead'
}

/** What the system tells of a process; null where it does not. `startedAt` is in ticks since the system started. */
function statusOf(pid: number): { state: string; threads: number; startedAt: string } | null {
  try {
    // Behind the name in brackets: state, parent, group, …; the threads are the 20th field of all, the start the 22nd.
    const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
    return fields.length < 20 ? null : { state: fields[0], threads: Number(fields[17]), startedAt: fields[19] }
  } catch {
    return null
  }
}
