import { execFileSync, spawnSync } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSession } from '../../src-main/sessions/read-session'
import { ended, openBench, tinyExperiment } from './bench'
import { hookDisk } from './disk-hook.mjs'
import { startCommandLine } from './processes'
import { Chance, settings } from './settings'
import { requireSame, traceOf, type Trace } from './trace'

function diskIsFull(path: string): Error {
  return Object.assign(new Error(`ENOSPC: no space left on device, write '${path}'`), { code: 'ENOSPC', path })
}

describe('a disk that is full', () => {
  let bench: Awaited<ReturnType<typeof openBench>>
  let expected: Trace
  let changes = 0

  beforeAll(async () => {
    bench = await openBench()
    const run = await bench.launch(tinyExperiment())
    await ended(bench.laboratory, run)
    expected = await traceOf(await bench.laboratory.sessions.folderOf(run.sessionId))
    expect(expected.problems).toEqual([])
    // The same again, counting.
    const unhook = hookDisk(() => {
      changes++
    })
    await ended(bench.laboratory, await bench.launch(tinyExperiment()))
    unhook()
    expect(changes).toBeGreaterThan(60)
  })
  afterAll(() => bench.end())

  it('from any write on, in its middle too, ends the run in words; with space it goes on to the same bits', async () => {
    const { laboratory } = bench
    const chance = new Chance('full disk')
    const all = Array.from({ length: 2 * changes }, (_, index) => index)
    const points = settings.isFull ? all : Array.from({ length: 10 }, () => chance.below(all.length))
    const outcomes = new Map<string, number>()
    for (const point of points) {
      let left = Math.floor(point / 2)
      const unhook = hookDisk(async ({ kind, path, half }) => {
        if (!path.startsWith(bench.folder) || kind === 'remove' || kind === 'rename') return
        if (left-- > 0) return
        if (point % 2 === 1) await half()
        throw diskIsFull(path)
      })
      const before = new Set((await laboratory.sessions.list()).map(({ folder }) => folder))
      let outcome = 'refused'
      let run: { sessionId: string; runId: string } | null = null
      try {
        run = await bench.launch(tinyExperiment())
        const { state, message } = await ended(laboratory, run)
        outcome = state
        if (state === 'failed') expect(message, `change ${point}`).toContain('the disk is full')
        // Not even that it failed could be written, and it had ended before anybody asked.
        else expect(['finished', 'interrupted'], `change ${point}`).toContain(state)
      } catch (error) {
        if (!String(error).includes('ENOSPC')) throw error
      } finally {
        unhook()
      }
      outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
      if (run === null) {
        // A launch that was refused leaves nothing that claims to be it.
        const left = (await laboratory.sessions.list()).filter(({ folder }) => !before.has(folder))
        expect(
          left.flatMap(({ runStates }) => runStates),
          `change ${point}`,
        ).toEqual([])
        continue
      }
      const folder = await laboratory.sessions.folderOf(run.sessionId)
      const opened = await readSession(folder, run.sessionId)
      expect(opened.damage, `change ${point}`).toEqual([])
      if (opened.runs[0].state !== 'finished') {
        await laboratory.ask('runs.resume', run)
        await ended(laboratory, run)
      }
      requireSame(await traceOf(folder), expected, `change ${point}`)
      rmSync(folder, { recursive: true, force: true })
    }
    console.log(
      `${points.length} of ${all.length} moments of a full disk: ${JSON.stringify(Object.fromEntries(outcomes))}`,
    )
    expect(outcomes.get('failed')).toBeGreaterThan(0)
  })
})

const nobody = 65_534
const isRoot = process.getuid?.() === 0
const mayMount = isRoot && process.platform === 'linux' && canMount()

function canMount(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'espalier-mount-'))
  const { status } = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=1m', 'tmpfs', folder])
  if (status === 0) execFileSync('umount', [folder])
  rmSync(folder, { recursive: true })
  return status === 0
}

describe.skipIf(!mayMount)('a real small disk (needs root, to mount one)', () => {
  const disk = mkdtempSync(join(tmpdir(), 'espalier-disk-'))
  const config = join(tmpdir(), `espalier-config-${process.pid}.json`)
  const session = join(disk, 'session')
  const mount = (options: string) => execFileSync('mount', ['-t', 'tmpfs', '-o', options, 'tmpfs', disk])
  const run = (...words: string[]) => startCommandLine(join(tmpdir(), 'espalier-nobody'), words).ended
  const words = ['run', '--config', config, '--session', session]

  beforeAll(() => {
    mount('size=6m')
    const experiment = tinyExperiment({ samplesPerClient: 40, batchSize: 8 })
    writeFileSync(config, JSON.stringify(experiment))
  })
  afterAll(() => {
    execFileSync('umount', [disk])
    rmSync(disk, { recursive: true, force: true })
    rmSync(config, { force: true })
  })

  it('that fills up ends the run in words; with space again it goes on to the same bits', async () => {
    const elsewhere = mkdtempSync(join(tmpdir(), 'espalier-space-'))
    expect((await run('run', '--config', config, '--session', join(elsewhere, 'session'))).code).toBe(0)
    const ballast = join(disk, 'ballast')
    // Space for the first checkpoint, not for the second.
    writeFileSync(ballast, Buffer.alloc(3_600_000))
    const full = await run(...words)
    expect(full.code, full.stderr).toBe(1)
    expect(full.stderr).toMatch(/the disk is full; free some space/)
    rmSync(ballast)
    const resumed = await run('resume', session)
    expect(resumed.code, resumed.stderr).toBe(0)
    expect(await traceOf(session)).toEqual(await traceOf(join(elsewhere, 'session')))
    rmSync(elsewhere, { recursive: true, force: true })
  })

  it('that is read-only can be read, and says so when it is to be written', async () => {
    execFileSync('mount', ['-o', 'remount,ro', disk])
    try {
      const table = await run('table', session)
      expect(table.code, table.stderr).toBe(0)
      expect(table.stdout).toContain('Dynamic')
      expect((await run('verify', session)).stdout).toContain('nothing wrong')
      const more = await run(...words, '--seed', '7')
      expect(more.code).toBe(1)
      expect(more.stderr).toMatch(/the disk is read-only; make it writable or move the session/)
    } finally {
      execFileSync('mount', ['-o', 'remount,rw', disk])
    }
  })
})

describe('a session folder', () => {
  it('that is removed while its run is running stays removed; the run fails in words and the next one runs', async () => {
    const bench = await openBench()
    const { laboratory, folder } = bench
    const rounds = new Promise<void>((resolve) => {
      laboratory.onEvent((event) => {
        if (event.type === 'run.round' && event.record.round === 1) resolve()
      })
    })
    const gone = await bench.launch(tinyExperiment({ rounds: 2000, rateDecayEnd: 2000, evaluationInterval: 2000 }))
    const waiting = await bench.launch(tinyExperiment({ seed: 1 }), gone.sessionId)
    const elsewhere = await bench.launch(tinyExperiment({ seed: 2 }))
    await rounds
    const place = await laboratory.sessions.folderOf(gone.sessionId)
    // Moved first: removing it file by file takes time, in which it would come back in part.
    renameSync(place, join(folder, 'moved'))
    rmSync(join(folder, 'moved'), { recursive: true, force: true })
    const { state, message } = await laboratory.settled(gone.sessionId, gone.runId)
    expect(state).toBe('failed')
    expect(message).toMatch(/moved or removed|removed, moved or taken over/)
    expect((await laboratory.settled(elsewhere.sessionId, elsewhere.runId)).state).toBe('finished')
    await laboratory.settled(waiting.sessionId, waiting.runId).catch(() => undefined)
    expect(existsSync(place)).toBe(false)
    expect(readdirSync(join(folder, 'sessions'))).toEqual([elsewhere.sessionId])
    await bench.end()
  })

  it('that may not be written can be read, and says so when it is to be written, also in the middle of a run', async ({
    skip,
  }) => {
    const home = mkdtempSync(join(tmpdir(), 'espalier-denied-'))
    const config = join(home, 'experiment.json')
    const session = join(home, 'sessions', 'denied')
    const experiment = tinyExperiment({ samplesPerClient: 40, batchSize: 8 })
    writeFileSync(config, JSON.stringify(experiment))
    // Root may write everywhere.
    const user = isRoot ? { user: nobody } : {}
    if (isRoot) chownSync(home, nobody, nobody)
    const start = (...words: string[]) => startCommandLine(home, words, user)
    skip((await start('--version').ended).code !== 0, 'another user cannot read this checkout')
    // Longer than anybody waits: it ends because of the fault.
    const running = start(
      'run',
      '--config',
      config,
      '--session',
      session,
      '--rounds',
      '100000',
      '--rate-decay-end',
      '3',
    )
    const runs = join(session, 'runs')
    const checkpoints = () => (existsSync(runs) ? readdirSync(runs).map((run) => join(runs, run, 'checkpoints')) : [])
    while (!checkpoints().some((folder) => existsSync(join(folder, 'a.safetensors')))) await sleep(10)
    chmodSync(checkpoints()[0], 0o500)
    const denied = await running.ended
    expect(denied.code, denied.stderr).toBe(1)
    expect(denied.stderr).toMatch(/access is denied; change the permissions of the folder/)
    expect((await start('verify', session).ended).stdout).toContain('nothing wrong')
    const again = await start('resume', session).ended
    expect(again.code).toBe(1)
    expect(again.stderr).toMatch(/access is denied; change the permissions of the folder/)
    chmodSync(checkpoints()[0], 0o700)

    chmodSync(session, 0o500)
    expect((await start('verify', session).ended).stdout).toContain('nothing wrong')
    const more = ['run', '--config', config, '--session', session]
    const refused = await start(...more).ended
    expect(refused.code).toBe(1)
    expect(refused.stderr).toMatch(/access is denied; change the permissions of the folder/)
    chmodSync(session, 0o700)
    expect((await start(...more).ended).code).toBe(0)
    rmSync(home, { recursive: true, force: true })
  })

  it('that is no folder of ours to write is refused before a run starts', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'espalier-file-'))
    writeFileSync(join(folder, 'file'), '')
    const { code, stderr } = await startCommandLine(folder, ['run', '--session', join(folder, 'file', 'session')]).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*ENOTDIR/)
    mkdirSync(join(folder, 'other'))
    writeFileSync(join(folder, 'other', 'thesis.tex'), '')
    const other = await startCommandLine(folder, ['run', '--session', join(folder, 'other')]).ended
    expect(other.code).toBe(2)
    expect(other.stderr).toContain('is not empty; name an empty folder or an existing session')
    rmSync(folder, { recursive: true, force: true })
  })
})
