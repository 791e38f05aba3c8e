import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { hostname, tmpdir } from 'node:os'
import { afterAll, afterEach, beforeAll, expect, it } from 'vitest'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { Priority } from '../../src-main/contract/queue'
import { Laboratory } from '../../src-main/runs/laboratory'
import { dataHome } from '../../src-main/sessions/home'
import { writeManifest } from '../../src-main/sessions/run-folder'
import { buildApplication, type BuiltApplication } from '../host/build-application'
import { tinyExperiment } from './bench'
import { SyntheticDatasets } from './synthetic-datasets'

let application: BuiltApplication
let folder: string
let laboratory: Laboratory
const events: EspalierEvent[] = []

async function open(): Promise<void> {
  laboratory = await Laboratory.open({
    home: dataHome(folder),
    datasets: new SyntheticDatasets(),
    workers: 2,
    workerUrl: application.workerUrl,
    keepsQueue: true,
  })
  laboratory.onEvent((event) => events.push(event))
}

beforeAll(async () => {
  application = await buildApplication('training-worker')
  folder = await mkdtemp(join(tmpdir(), 'espalier-queue-'))
  await open()
})
afterEach(async () => {
  events.length = 0
  await laboratory.ask('queue.hold', { isHeld: false })
})
afterAll(async () => {
  await laboratory.close()
  await rm(folder, { recursive: true, force: true })
  await application.remove()
})

const queue = () => laboratory.ask('queue.get', undefined)
const order = async () => (await queue()).waiting.map(({ seed, priority }) => `${seed} ${priority}`)

/** Runs that wait in a held queue, by their seeds. */
async function waiting(seeds: readonly number[], rounds = 1) {
  await laboratory.ask('queue.hold', { isHeld: true })
  const { manifest, runs } = await laboratory.ask('runs.launch', {
    sessionId: null,
    sessionName: 'queue',
    experiments: seeds.map((seed) => tinyExperiment({ seed, rounds })),
  })
  return runs.map(({ id }) => ({ sessionId: manifest.id, runId: id }))
}

/** Resolves with the first such event from now on. */
function heard(isIt: (event: EspalierEvent) => boolean): Promise<EspalierEvent> {
  return new Promise((resolve) => {
    const stop = laboratory.onEvent((event) => {
      if (!isIt(event)) return
      stop()
      resolve(event)
    })
  })
}

it('runs in the order of priorities and moves, and nothing while it is held', async () => {
  const runs = await waiting([0, 1, 2, 3])
  const prioritise = (at: number, priority: Priority) => laboratory.ask('queue.prioritise', { ...runs[at], priority })
  await prioritise(3, 'high')
  await prioritise(0, 'low')
  expect(await order()).toEqual(['3 high', '1 normal', '2 normal', '0 low'])
  // A place between others brings their priority with it.
  await laboratory.ask('queue.move', { ...runs[2], index: 0 })
  await laboratory.ask('queue.move', { ...runs[1], index: 9 })
  expect(await order()).toEqual(['2 high', '3 high', '0 low', '1 low'])
  expect((await queue()).active).toBeNull()
  expect((await queue()).waiting[0]).toMatchObject({
    sessionName: 'queue',
    method: 'dynamic',
    rounds: 1,
    roundsDone: 0,
  })

  await laboratory.ask('queue.hold', { isHeld: false })
  await Promise.all(runs.map(({ sessionId, runId }) => laboratory.settled(sessionId, runId)))
  const started = events.flatMap((event) =>
    event.type === 'run.state' && event.run.state === 'finished' ? [event.run.experiment.seed] : [],
  )
  expect(started).toEqual([2, 3, 0, 1])
  await expect(laboratory.ask('queue.move', { ...runs[0], index: 0 })).rejects.toMatchObject({ kind: 'refused' })
})

it('is there again after a restart, held, in its order, the run that was going on first', async () => {
  const runs = await waiting([0, 1, 2], 400)
  await laboratory.ask('queue.prioritise', { ...runs[2], priority: 'high' })
  const isTraining = heard(({ type }) => type === 'run.round')
  await laboratory.ask('queue.hold', { isHeld: false })
  await isTraining
  await laboratory.close()
  await open()
  expect(await order()).toEqual(['2 high', '0 normal', '1 normal'])
  expect(await queue()).toMatchObject({ isHeld: true, active: null, waitingCount: 3 })
  expect((await queue()).waiting[0].roundsDone).toBeGreaterThan(0)

  // As after a crash: a run in its midst is left to the user, those that waited wait again.
  const told = heard((event) => event.type === 'queue.changed' && event.queue.active !== null)
  await laboratory.ask('queue.hold', { isHeld: false })
  await told
  const { runs: manifests } = await laboratory.ask('sessions.open', { sessionId: runs[0].sessionId })
  await laboratory.close()
  for (const [at, state] of (['queued', 'queued', 'running'] as const).entries()) {
    const runFolder = await laboratory.sessions.runFolderOf(runs[at].sessionId, runs[at].runId)
    await writeManifest(runFolder, { ...manifests[at], state })
  }
  await open()
  expect(await order()).toEqual(['0 normal', '1 normal'])
  const { runStates } = await laboratory.ask('sessions.open', { sessionId: runs[0].sessionId })
  expect(runStates).toEqual(['queued', 'queued', 'interrupted'])
  for (const run of runs) await laboratory.ask('runs.cancel', run)
})

it('stops after the round under way when asked to, without losing it', async () => {
  const [run] = await waiting([0], 400)
  const isTraining = heard(({ type }) => type === 'run.progress')
  await laboratory.ask('queue.hold', { isHeld: false })
  await isTraining
  await laboratory.ask('runs.pause', { ...run, when: 'checkpoint' })
  expect((await queue()).active?.stopsAfterRound).toBe(true)
  const paused = await laboratory.settled(run.sessionId, run.runId)
  expect(paused.state).toBe('paused')
  const rounds = events.filter(({ type }) => type === 'run.round').length
  expect(rounds).toBeGreaterThan(0)
  expect(paused.roundsDone).toBe(rounds)
  await laboratory.ask('runs.cancel', run)
})

it('keeps the place of runs whose session the last process still holds for a moment', async () => {
  const runs = await waiting([7, 8])
  await laboratory.ask('queue.prioritise', { ...runs[1], priority: 'high' })
  await laboratory.close()
  const session = join(folder, 'sessions', runs[0].sessionId)
  const last = spawn(process.execPath, ['-e', 'setTimeout(() => {}, 1000)'])
  await once(last, 'spawn')
  await mkdir(join(session, '.lock'))
  await writeFile(join(session, '.lock-owner.json'), JSON.stringify({ pid: last.pid, host: hostname() }))
  await open()
  expect(last.exitCode).toBe(0)
  expect(await order()).toEqual(['8 high', '7 normal'])
  for (const run of runs) await laboratory.ask('runs.cancel', run)
})

it('begins a cancelled run again from nothing, to the same bits', async () => {
  const [run] = await waiting([0], 3)
  await laboratory.ask('runs.cancel', run)
  await expect(laboratory.ask('runs.resume', run)).rejects.toThrow(/cancelled and cannot go on/)
  await laboratory.ask('queue.hold', { isHeld: false })
  await laboratory.ask('runs.resume', { ...run, from: 'start' })
  const first = await laboratory.settled(run.sessionId, run.runId)
  expect(first).toMatchObject({ state: 'finished', roundsDone: 3 })
  await expect(laboratory.ask('runs.resume', { ...run, from: 'start' })).rejects.toThrow(/finished and cannot go on/)

  const manifestFolder = await laboratory.sessions.runFolderOf(run.sessionId, run.runId)
  await writeManifest(manifestFolder, { ...first, state: 'failed', message: 'as if' })
  await laboratory.ask('runs.resume', { ...run, from: 'start' })
  expect((await laboratory.settled(run.sessionId, run.runId)).weightsSha256).toBe(first.weightsSha256)
  const { rounds } = await laboratory.ask('runs.records', run)
  expect(rounds.map(({ round }) => round)).toEqual([0, 1, 2])
})

it('tells which thread trains which client', async () => {
  const [run] = await waiting([0], 3)
  await laboratory.ask('queue.hold', { isHeld: false })
  await laboratory.settled(run.sessionId, run.runId)
  const lanes = events.flatMap((event) => (event.type === 'run.lanes' ? [event.lanes] : []))
  expect(lanes.length).toBeGreaterThan(0)
  const { rounds } = await laboratory.ask('runs.records', run)
  for (const { round, workers, spans, now } of lanes) {
    expect(workers).toBe(2)
    for (const { worker, client, start, end } of spans) {
      expect([0, 1]).toContain(worker)
      if (client !== null) expect(rounds[round].clients).toContain(client)
      expect(start).toBeLessThanOrEqual(end ?? now)
      if (end !== null) expect(end).toBeLessThanOrEqual(now)
    }
    // A thread does one thing at a time.
    for (const worker of [0, 1]) {
      const own = spans.filter((span) => span.worker === worker)
      own.slice(1).forEach(({ start }, at) => {
        expect(own[at].end).not.toBeNull()
        expect(start).toBeGreaterThanOrEqual(own[at].end ?? Infinity)
      })
    }
  }
})
