import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { readSession } from '../../src-main/sessions/read-session'
import { tinyExperiment } from './bench'
import { preload, startCommandLine, type CommandLineOptions } from './processes'
import { settings } from './settings'
import { requireSame, traceOf, type Trace } from './trace'

const home = mkdtempSync(join(tmpdir(), 'espalier-processes-'))
const config = join(home, 'experiment.json')
let expected: Trace

const smallHeap = { node: ['--max-old-space-size=128'] }
const words = (session: string) => ['run', '--config', config, '--session', join(home, session), '--workers', '1']

beforeAll(async () => {
  writeFileSync(
    config,
    JSON.stringify(tinyExperiment({ samplesPerClient: 40, batchSize: 8, rounds: 4, rateDecayEnd: 4 })),
  )
  const { code, stderr } = await startCommandLine(home, words('whole')).ended
  expect(code, stderr).toBe(0)
  expected = await traceOf(join(home, 'whole'))
})
afterAll(() => {
  rmSync(home, { recursive: true, force: true })
})

/** A run in which something misbehaves once. */
function misbehaving(session: string, fault: string, options: CommandLineOptions = {}) {
  return startCommandLine(home, words(session), {
    node: [...(options.node ?? []), ...preload('misbehave.mjs')],
    environment: {
      FAULT_MISBEHAVE: fault,
      FAULT_ONCE: join(home, `${session}.once`),
      ...options.environment,
    },
  })
}

/** Goes on with a session and compares it with what was never interrupted. */
async function goesOn(session: string): Promise<void> {
  const { code, stderr } = await startCommandLine(home, ['resume', join(home, session)]).ended
  expect(code, stderr).toBe(0)
  requireSame(await traceOf(join(home, session)), expected)
}

async function stateOf(session: string): Promise<string> {
  const { runs, damage } = await readSession(join(home, session), 'session')
  expect(damage).toEqual([])
  return runs[0].state
}

async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(20)
}

describe('a training thread', () => {
  it('that throws fails its run in words; the run can go on', async () => {
    const { code, stderr } = await misbehaving('throw', 'throw').ended
    expect(code).toBe(1)
    expect(stderr).toContain('A training thread ended unexpectedly: something nobody thought of')
    expect(await stateOf('throw')).toBe('failed')
    await goesOn('throw')
  })

  it('that runs out of memory fails its run in words; the run can go on', async () => {
    const { code, stderr } = await misbehaving('memory', 'out-of-memory', smallHeap).ended
    expect(code, stderr).toBe(1)
    expect(stderr).toMatch(/A training thread ended unexpectedly: .*memory/)
    expect(await stateOf('memory')).toBe('failed')
    await goesOn('memory')
  })

  it('whose kernels get no memory fails its run in words; the run can go on', async () => {
    const { code, stderr } = await misbehaving('kernels', 'no-memory', { environment: { ESPALIER_KERNELS: 'wasm' } })
      .ended
    expect(code, stderr).toBe(1)
    expect(stderr).toMatch(
      /needs \d+ MiB in the CPU trainer, which this computer does not have free; close other programs/,
    )
    expect(await stateOf('kernels')).toBe('failed')
    await goesOn('kernels')
  })

  // Two minutes of silence are the least that counts.
  it.runIf(settings.isFull)('that hangs is ended, and another computes its client to the same bits', async () => {
    const { code, stderr } = await misbehaving('silent', 'hang').ended
    expect(code, stderr).toBe(0)
    expect(existsSync(join(home, 'silent.once'))).toBe(true)
    expect(stderr).toMatch(/a training thread has been silent for 12\d seconds at client \d of round \d and is ended/)
    requireSame(await traceOf(join(home, 'silent')), expected)
  })

  // Ten minutes.
  it.runIf(settings.isFull)('that hangs at the very first client is ended too', async () => {
    const { code, stderr } = await misbehaving('first', 'hang-at-first').ended
    expect(code, stderr).toBe(0)
    expect(stderr).toMatch(/a training thread has been silent for 60\d seconds at client \d of round 0 and is ended/)
    requireSame(await traceOf(join(home, 'first')), expected)
  })

  it('that hangs can be stopped; the run can go on', async () => {
    const { child, ended } = misbehaving('hang', 'hang')
    await until(() => existsSync(join(home, 'hang.once')))
    await sleep(300)
    expect(child.exitCode).toBe(null)
    child.kill('SIGINT')
    const { code, stderr } = await ended
    expect(code, stderr).toBe(130)
    expect(await stateOf('hang')).toBe('paused')
    await goesOn('hang')
  })
})

describe('a process', () => {
  it('that runs out of memory leaves a run that can go on', async () => {
    const { code, signal } = await misbehaving('all-memory', 'process-out-of-memory', smallHeap).ended
    expect(code === 0).toBe(false)
    expect([code, signal]).not.toEqual([null, 'SIGKILL'])
    expect(await stateOf('all-memory')).toBe('interrupted')
    await goesOn('all-memory')
  })

  it('whose clock is set back goes on, and others see its session as before', async () => {
    const { code, stderr } = await misbehaving('clock', 'clock').ended
    expect(code, stderr).toBe(0)
    expect(existsSync(join(home, 'clock.once'))).toBe(true)
    requireSame(await traceOf(join(home, 'clock')), expected)
  })

  it('whose training diverges says so and what to do', async () => {
    const diverging = [...words('diverging'), '--eta', '100', '--momentum', '0.99']
    const { code, stderr } = await startCommandLine(home, diverging).ended
    expect(code).toBe(1)
    expect(stderr).toMatch(/^error: .*diverged in round \d+.*learningRate/m)
    expect(await stateOf('diverging')).toBe('failed')
    expect((await startCommandLine(home, ['verify', join(home, 'diverging')]).ended).stdout).toContain('nothing wrong')
  })

  it('that sleeps keeps its session: another is refused by name, and the sleeper goes on to the same bits', async () => {
    const sleeper = startCommandLine(home, words('sleep'))
    await until(() => /round 1\//.test(sleeper.texts.stderr))
    process.kill(-(sleeper.child.pid ?? 0), 'SIGSTOP')
    // Longer than the lock of a process that died would be honoured.
    await sleep(11_000)
    const { code, stderr } = await startCommandLine(home, [...words('sleep'), '--seed', '5']).ended
    expect(code).toBe(1)
    expect(stderr).toContain(
      `is being run by process ${sleeper.child.pid} on ${hostname()}; wait for it or stop it there.`,
    )
    expect(await stateOf('sleep')).toBe('running')
    process.kill(-(sleeper.child.pid ?? 0), 'SIGCONT')
    expect((await sleeper.ended).code).toBe(0)
    requireSame(await traceOf(join(home, 'sleep')), expected)
  })
})

describe('two processes that start on one session', () => {
  it('never run it at once', async () => {
    for (let round = 0; round < (settings.isFull ? 10 : 1); round++) {
      const session = `both-${round}`
      // Left behind by a process that was killed.
      const first = startCommandLine(home, words(session))
      await until(() => /round 1\//.test(first.texts.stderr))
      first.child.kill('SIGKILL')
      await first.ended
      const both = [1, 2].map(() => startCommandLine(home, ['resume', join(home, session)]))
      const ended = await Promise.all(both.map((process) => process.ended))
      // The second may come when the first has ended; then there is nothing left to do.
      const refused = ended.filter(({ code }) => code !== 0)
      for (const { stderr } of refused) expect(stderr).toMatch(/is being run by|cannot go on|queued or running/)
      expect(refused.length).toBeLessThan(2)
      requireSame(await traceOf(join(home, session)), expected)
    }
  })
})
