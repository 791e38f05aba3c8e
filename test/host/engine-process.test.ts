import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { CommandReply } from '../../src-main/contract/commands'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { ExperimentInput } from '../../src-main/contract/experiment'
import type { SessionContents } from '../../src-main/contract/records'
import type { EngineMessage } from '../../src-main/host/protocol'
import { buildApplication, type BuiltApplication } from './build-application'

let application: BuiltApplication
let home = ''
const children: ChildProcess[] = []

beforeAll(async () => {
  application = await buildApplication('engine-process', 'training-worker')
  home = await mkdtemp(join(tmpdir(), 'espalier-engine-'))
})
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})
afterAll(async () => {
  await application.remove()
  await rm(home, { recursive: true, force: true })
})

/** The engine as the desktop starts it, over a plain process channel. */
function startEngine() {
  const child = fork(join(application.folder, 'out', 'main', 'engine-process.js'), {
    env: { ...process.env, ESPALIER_HOME: home },
    serialization: 'advanced',
    stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
  })
  children.push(child)
  const events: EspalierEvent[] = []
  const waiting = new Map<number, (reply: CommandReply) => void>()
  const watchers = new Set<() => void>()
  const ready = new Promise<void>((resolve) => {
    child.on('message', (message: EngineMessage) => {
      if (message.type === 'ready') resolve()
      if (message.type === 'reply') waiting.get(message.id)?.(message.reply)
      if (message.type === 'event') events.push(message.event)
      for (const watcher of watchers) watcher()
    })
  })
  let id = 0
  return {
    child,
    ready,
    ask: (command: string, input?: unknown) =>
      new Promise<CommandReply>((resolve) => {
        waiting.set(++id, resolve)
        child.send({ id, command, input })
      }),
    /** Resolves when such an event has come. */
    seen: (matches: (event: EspalierEvent) => boolean) =>
      new Promise<void>((resolve) => {
        const watcher = () => {
          if (!events.some(matches)) return
          watchers.delete(watcher)
          resolve()
        }
        watchers.add(watcher)
        watcher()
      }),
  }
}

const small: ExperimentInput = {
  model: 'lenet-300-100',
  totalClients: 4,
  clientsPerRound: 2,
  samplesPerClient: 64,
  rounds: 4,
  evaluationInterval: 4,
}

const launch = (experiment: ExperimentInput, sessionId: string | null = null) => ({
  sessionId,
  sessionName: 'over the channel',
  experiments: [{ ...experiment, seed: 1 }],
})

function contentsOf(reply: CommandReply): SessionContents {
  if (!reply.ok) throw new Error(reply.error.message)
  return reply.value as SessionContents
}

describe('engine process', () => {
  it('answers commands, and refuses unknown ones and wrong input in words', async () => {
    const engine = startEngine()
    await engine.ready
    expect(await engine.ask('sessions.list')).toEqual({ ok: true, value: [] })
    expect(await engine.ask('runs.explode')).toEqual({
      ok: false,
      error: { kind: 'wrong-input', message: 'command: "runs.explode" is not known' },
    })
    expect(await engine.ask('runs.launch', launch({ ...small, rounds: -1 }))).toMatchObject({
      ok: false,
      error: { kind: 'wrong-input', message: expect.stringContaining('experiments.0.rounds: -1') as unknown },
    })
    expect(await engine.ask('host.information')).toMatchObject({
      ok: true,
      value: { sessionsFolder: join(home, 'sessions') },
    })
  })

  it('runs, tells and answers with bytes; killed in the middle it is resumed by the next process', async () => {
    const first = startEngine()
    await first.ready
    const { manifest, runs } = contentsOf(await first.ask('runs.launch', launch({ ...small, rounds: 200 })))
    const run = { sessionId: manifest.id, runId: runs[0].id }
    await first.seen((event) => event.type === 'run.round' && event.record.round === 2)
    first.child.kill('SIGKILL')
    await once(first.child, 'exit')

    const second = startEngine()
    await second.ready
    const opened = contentsOf(await second.ask('sessions.open', { sessionId: run.sessionId }))
    expect(opened.runs[0].state).toBe('interrupted')
    const { roundsDone } = opened.runs[0]
    expect(roundsDone).toBeGreaterThanOrEqual(3)
    expect(await second.ask('runs.resume', run)).toEqual({ ok: true, value: null })
    await second.seen((event) => event.type === 'run.round' && event.record.round === roundsDone)
    const mask = await second.ask('runs.mask', { ...run, update: 0, layer: 0 })
    expect(mask).toMatchObject({ ok: true, value: { layer: 'fc1', shape: [300, 784] } })
    expect(mask.ok && (mask.value as { bits: Uint8Array }).bits).toHaveLength((300 * 784) / 8)

    expect(await second.ask('host.shutdown')).toEqual({ ok: true, value: null })
    const third = startEngine()
    await third.ready
    expect(contentsOf(await third.ask('sessions.open', { sessionId: run.sessionId })).runs[0].state).toBe('queued')
    // What stands in the queue of a new process is held, and would hold the next test.
    expect(await third.ask('runs.cancel', run)).toEqual({ ok: true, value: null })
    expect(await third.ask('sessions.verify', { sessionId: run.sessionId })).toMatchObject({
      ok: true,
      value: { problems: [] },
    })
  })

  it('queues its run again and ends when its parent goes away', async () => {
    const engine = startEngine()
    await engine.ready
    const { manifest } = contentsOf(await engine.ask('runs.launch', launch({ ...small, rounds: 1000 })))
    await engine.seen((event) => event.type === 'run.round')
    engine.child.disconnect()
    const [code] = (await once(engine.child, 'exit')) as [number | null]
    expect(code).toBe(0)
    const next = startEngine()
    await next.ready
    expect(contentsOf(await next.ask('sessions.open', { sessionId: manifest.id })).runStates).toEqual(['queued'])
  })
})
