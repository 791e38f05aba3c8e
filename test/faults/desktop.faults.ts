import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { hostname, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Experiment } from '../../src-main/contract/experiment'
import { tinyExperiment } from './bench'
import { allFinished, onlySession, openDesktop, runsOf, startCommandLine } from './processes'
import { settings } from './settings'
import { requireSame, traceOf, type Trace } from './trace'

const root = mkdtempSync(join(tmpdir(), 'espalier-windows-'))
const sessions = join(root, 'shared')
const experiment = (changes: Partial<Experiment> = {}) =>
  tinyExperiment({
    samplesPerClient: 40,
    batchSize: 8,
    rounds: 150,
    rateDecayEnd: 150,
    readjustmentInterval: 10,
    evaluationInterval: 150,
    ...changes,
  })
let expected: Trace

beforeAll(async () => {
  const config = join(root, 'experiment.json')
  writeFileSync(config, JSON.stringify(experiment()))
  const whole = join(root, 'whole')
  const { code, stderr } = await startCommandLine(root, ['run', '--config', config, '--session', whole]).ended
  expect(code, stderr).toBe(0)
  expected = await traceOf(whole)
}, 300_000)
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

/** A data home whose sessions are those of everybody here. */
function homeOf(name: string): string {
  const home = join(root, name)
  mkdirSync(home)
  writeFileSync(join(home, 'folders.json'), JSON.stringify({ sessions }))
  return home
}

describe.skipIf(settings.withoutWindow !== '')('two windows', () => {
  it('on one session: the second reads it and is refused by name, also while the first sleeps; then it goes on to the same bits', async () => {
    const first = await openDesktop(homeOf('first'))
    const second = await openDesktop(homeOf('second'))
    try {
      const launched = await first.ask('runs.launch', {
        sessionId: null,
        sessionName: 'shared',
        experiments: [experiment()],
      })
      const run = { sessionId: launched.manifest.id, runId: launched.runs[0].id }
      await expect
        .poll(async () => (await first.ask('runs.records', run)).rounds.length, { timeout: 300_000 })
        .toBeGreaterThan(1)
      const engine = first.figures().find(({ kind }) => kind === 'engine')?.pid
      const refusal = `is being run by process ${engine} on ${hostname()}; wait for it or stop it there.`

      first.signal('SIGSTOP')
      const seen = (await second.ask('sessions.open', { sessionId: run.sessionId })).runs
      expect(seen.map(({ state }) => state)).toEqual(['running'])
      // Longer than the lock of a process that died would be honoured.
      await sleep(11_000)
      const another = { sessionId: run.sessionId, sessionName: null, experiments: [experiment({ seed: 1 })] }
      await expect(second.ask('runs.launch', another)).rejects.toThrow(refusal)
      await expect(second.ask('runs.cancel', run)).rejects.toThrow(refusal)
      await expect(second.ask('sessions.delete', { sessionId: run.sessionId })).rejects.toThrow(/run/)
      first.signal('SIGCONT')

      // It woke up with its session, and is still refused to others.
      const before = (await first.ask('runs.records', run)).rounds.length
      await expect
        .poll(async () => (await first.ask('runs.records', run)).rounds.length, { timeout: 300_000 })
        .toBeGreaterThan(before)
      expect(await first.quit()).toBe(0)
      expect((await runsOf(join(sessions, run.sessionId)))[0].state).toMatch(/^(paused|finished)$/)

      if ((await runsOf(join(sessions, run.sessionId)))[0].state === 'paused') await second.ask('runs.resume', run)
      await allFinished(join(sessions, run.sessionId), 1)
      expect(await second.quit()).toBe(0)
      requireSame(await traceOf(join(sessions, run.sessionId)), expected)
    } finally {
      first.signal('SIGKILL')
      second.signal('SIGKILL')
    }
  })

  it('of one user are one: the second start ends and leaves the first as it was', async () => {
    const home = join(root, 'one-user')
    const first = await openDesktop(home)
    try {
      await first.ask('runs.launch', { sessionId: null, sessionName: null, experiments: [experiment()] })
      const again = spawn(first.command[0], first.command.slice(1), {
        env: first.environment,
        stdio: ['ignore', 'pipe', 'ignore'],
      })
      let printed = ''
      again.stdout.on('data', (bytes: Buffer) => (printed += bytes.toString()))
      await once(again, 'close')
      expect([again.exitCode, printed.trim()]).toEqual([0, 'Espalier is already open.'])
      await allFinished(onlySession(home) ?? '', 1)
      requireSame(await traceOf(join(home, 'sessions', basename(onlySession(home) ?? ''))), expected)
      expect(await first.quit()).toBe(0)
    } finally {
      first.signal('SIGKILL')
    }
  })
})
