import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, writeFileSync } from 'node:fs'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { expect, it, onTestFinished, vi } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { RunManifest } from '../../src-main/contract/records'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { runFolder } from '../../src-main/sessions/read-session'
import { writeManifest } from '../../src-main/sessions/run-folder'
import { launch, tinyExperiment, useBench } from './bench'

const bench = useBench()
/** Minutes of rounds. */
const long = tinyExperiment({ rounds: 100_000, rateDecayEnd: 100_000, evaluationInterval: 100_000 })
const waitOptions = { timeout: 30_000, interval: 20 }

/** Another application on the same sessions, and what it tells of runs that it does not execute. */
async function another() {
  const other = await Laboratory.open({
    home: dataHome(bench.folder),
    datasets: bench.datasets,
    workers: 1,
    workerUrl: bench.workerUrl,
  })
  const events: EspalierEvent[] = []
  other.onEvent((event) => events.push(event))
  onTestFinished(() => other.close())
  const told = (): RunManifest[] => events.flatMap((event) => (event.type === 'run.elsewhere' ? [event.run] : []))
  return { other, events, told }
}

it('is followed while another application executes it, and when that one stops', async () => {
  const { laboratory } = bench
  const run = await launch(bench, long)
  await vi.waitFor(() => {
    expect(bench.events.some(({ type }) => type === 'run.round')).toBe(true)
  }, waitOptions)
  const { other, events, told } = await another()
  const { sessionId } = run
  const [shown] = (await other.ask('sessions.open', { sessionId })).runs
  expect(shown.state).toBe('running')
  await vi.waitFor(() => {
    expect(told().at(-1)?.roundsDone).toBeGreaterThan(shown.roundsDone)
  }, waitOptions)
  expect(told().every(({ state }) => state === 'running')).toBe(true)

  await laboratory.ask('runs.pause', run)
  await vi.waitFor(() => {
    expect(told().at(-1)?.state).toBe('paused')
  }, waitOptions)
  // A run that was opened at rest is followed as soon as somebody goes on with it.
  const count = told().length
  await laboratory.ask('runs.resume', run)
  await vi.waitFor(() => {
    expect(told().slice(count).at(-1)?.state).toBe('running')
  }, waitOptions)
  await laboratory.ask('runs.cancel', run)
  await vi.waitFor(() => {
    expect(told().at(-1)?.state).toBe('cancelled')
  }, waitOptions)
  // They are not this one's runs: neither its progress nor its question before it quits may count them.
  expect(events.filter(({ type }) => type === 'run.state')).toEqual([])
  expect(bench.events.filter(({ type }) => type === 'run.elsewhere')).toEqual([])
})

it.each(['sessions.open', 'sessions.list'] as const)(
  'is interrupted when the process that executes it dies after it was shown by %s',
  async (command) => {
    const { laboratory } = bench
    const { sessionId, runId } = await launch(bench, tinyExperiment({ rounds: 2, rateDecayEnd: 2 }))
    const finished = await laboratory.settled(sessionId, runId)
    const folder = join(bench.folder, 'sessions', sessionId)
    await writeManifest(runFolder(folder, runId), { ...finished, state: 'running', weightsSha256: null })
    const holder = spawn(process.execPath, ['-e', 'process.stdin.resume()'])
    onTestFinished(() => void holder.kill('SIGKILL'))
    await once(holder, 'spawn')
    mkdirSync(join(folder, '.lock'))
    writeFileSync(join(folder, '.lock-owner.json'), JSON.stringify({ pid: holder.pid, host: hostname() }))

    const { other, told } = await another()
    const shown =
      command === 'sessions.open'
        ? await other.ask('sessions.open', { sessionId })
        : (await other.ask('sessions.list', undefined)).find(({ manifest }) => manifest.id === sessionId)
    expect(shown?.runStates).toEqual(['running'])
    holder.kill('SIGKILL')
    await vi.waitFor(() => {
      expect(told().at(-1)).toMatchObject({ id: runId, state: 'interrupted', roundsDone: 2 })
    }, waitOptions)
    // What it is told is enough to go on with.
    await other.ask('runs.resume', { sessionId, runId })
    expect((await other.settled(sessionId, runId)).state).toBe('finished')
  },
)
