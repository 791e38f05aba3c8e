import { spawn } from 'node:child_process'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { once } from 'node:events'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, it, onTestFinished, vi } from 'vitest'
import { isSessionLocked, lockSession } from '../../src-main/sessions/session-lock'
import { temporaryFolder } from './temporary-folder'

const fail = (reason: Error) => {
  throw reason
}

/** A lock as it is left behind or held by another process. */
function plantLock(folder: string, pid: number): void {
  mkdirSync(join(folder, '.lock'))
  writeFileSync(join(folder, '.lock-owner.json'), JSON.stringify({ pid, host: hostname() }))
}

describe('session lock', () => {
  it('is held once and free again after its release', async () => {
    const folder = temporaryFolder()
    expect(await isSessionLocked(folder)).toBe(false)
    const lock = await lockSession(folder, fail)
    expect(await isSessionLocked(folder)).toBe(true)
    await expect(lockSession(folder, fail)).rejects.toMatchObject({ kind: 'busy' })
    await lock.release()
    expect(await isSessionLocked(folder)).toBe(false)
    await (await lockSession(folder, fail)).release()
  })

  it('names the process that holds it', async () => {
    const folder = temporaryFolder()
    const other = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
    await once(other, 'spawn')
    plantLock(folder, other.pid ?? 0)
    await expect(lockSession(folder, fail)).rejects.toThrow(new RegExp(`run by process ${other.pid}`))
    other.kill('SIGKILL')
    await once(other, 'exit')
    // The process has died, so nobody need wait for the lock to grow old.
    expect(await isSessionLocked(folder)).toBe(false)
    await (await lockSession(folder, fail)).release()
  })

  it.runIf(process.platform === 'linux')(
    'is free once its process has ended, though its parent has not taken note',
    async () => {
      const folder = temporaryFolder()
      // The shell becomes a program that never asks after its child.
      const parent = spawn('sh', ['-c', 'sleep 0.01 & echo $!; exec sleep 600'], {
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      onTestFinished(() => void parent.kill('SIGKILL'))
      const [printed] = (await once(parent.stdout, 'data')) as [Buffer]
      const pid = Number(printed.toString())
      await vi.waitFor(() => {
        expect(readFileSync(`/proc/${pid}/stat`, 'utf8')).toContain(') Z ')
      })
      plantLock(folder, pid)
      expect(await isSessionLocked(folder)).toBe(false)
      await (await lockSession(folder, fail)).release()
    },
  )

  it('does not take away the lock of a process on another computer', async () => {
    const folder = temporaryFolder()
    mkdirSync(join(folder, '.lock'))
    writeFileSync(join(folder, '.lock-owner.json'), JSON.stringify({ pid: 1, host: `not-${hostname()}` }))
    expect(await isSessionLocked(folder)).toBe(true)
    await expect(lockSession(folder, fail)).rejects.toMatchObject({ kind: 'busy' })
  })
})
