import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import { isResumable } from '../../src-main/contract/records'
import { ablationExperiments } from '../../src-main/contract/sweep'
import { allFinished, Engine, onlySession, openDesktop, preload, runsOf, startCommandLine } from './processes'
import { Chance, settings } from './settings'
import { requireSame, traceOf, type Trace } from './trace'

/** A run of four rounds with an update in every one that may have it, in about a second. */
function small(changes: ExperimentInput = {}): Experiment {
  return experimentSchema.parse({
    model: 'lenet-300-100',
    totalClients: 4,
    clientsPerRound: 2,
    samplesPerClient: 40,
    batchSize: 8,
    rounds: 4,
    readjustmentInterval: 1,
    rateDecayEnd: 3,
    // The evaluation costs more than the training; it falls with the weights that exist.
    sparsity: 0.95,
    evaluationInterval: 4,
    ...changes,
  })
}
const arms = ablationExperiments(small(), [0])
/** And a method that remembers something of every client. */
const experiments = [...arms, small({ method: 'lotteryfl' })]

const root = mkdtempSync(join(tmpdir(), 'espalier-kills-'))
let configuration = ''
let expected: Trace
/** Marks that all runs leave without interruption. */
let allMarks = 0

beforeAll(async () => {
  configuration = join(root, 'experiment.json')
  writeFileSync(configuration, JSON.stringify(small()))
  const home = join(root, 'uninterrupted')
  const engine = await Engine.start(home)
  await launch(engine, home)
  const session = onlySession(home) ?? ''
  await allFinished(session, experiments.length)
  allMarks = marksOf(home)
  expected = await traceOf(session)
  await engine.kill()
  expect(expected.runs.flatMap(({ topology }) => topology).length).toBeGreaterThan(7)
}, 700_000)
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

/** Whatever answers commands: the engine process, or the window of the whole application. */
interface Asked {
  ask(command: 'runs.launch' | 'runs.resume' | 'queue.get' | 'queue.hold', input?: unknown): Promise<unknown>
}

/** Launches what is not there yet, goes on with what was interrupted and starts the queue, as a user would. */
async function launch(asked: Asked, home: string): Promise<void> {
  // It answers when what waited at the last end waits again; that is held until somebody asks for it.
  await asked.ask('queue.get')
  const session = onlySession(home)
  const known = session === null ? [] : await runsOf(session)
  const sessionId = session === null ? null : basename(session)
  for (const { id, state } of known) {
    if (isResumable(state)) await asked.ask('runs.resume', { sessionId, runId: id })
  }
  if (known.length < experiments.length)
    await asked.ask('runs.launch', { sessionId, sessionName: 'kills', experiments })
  await asked.ask('queue.hold', { isHeld: false })
}

/** How far the runs of a home have come, as their folders show it: each run, record and mask is a mark. */
function marksOf(home: string): number {
  const session = onlySession(home)
  if (session === null) return 0
  const files = readdirSync(session, { recursive: true, encoding: 'utf8' })
  const lines = (file: string) => readFileSync(join(session, file), 'latin1').split('\n').length - 1
  return files.reduce((sum, file) => {
    if (/run\.json$|masks.\w+\.bin$/.test(file)) return sum + 1
    return sum + (file.endsWith('.ndjson') ? lines(file) : 0)
  }, 0)
}

/**
 * Waits until a home shows `marks`, or nothing more will come, and then a share of the shortest time between two marks: a
 * moment of the run, however slow the machine is.
 */
async function reach(home: string, marks: number, share: number, isOver: () => boolean): Promise<void> {
  let seen = marksOf(home)
  let seenAt = performance.now()
  // The first gap is the start of the process.
  const gaps = [Number.POSITIVE_INFINITY]
  for (;;) {
    const now = marksOf(home)
    if (now !== seen) {
      gaps.push(performance.now() - seenAt)
      ;[seen, seenAt] = [now, performance.now()]
    }
    if (now >= marks || isOver()) break
    if (performance.now() - seenAt > 300_000) throw new Error(`nothing comes after mark ${now}`)
    await sleep(5)
  }
  await sleep(share * Math.min(50, ...gaps.slice(2)))
}

/** Kills at random moments of sessions, a few in each, until so many have met unfinished runs; each session then goes on to its end. */
async function killAgainAndAgain(
  name: string,
  kills: number,
  marks: number,
  killOnce: (home: string, moment: (isOver: () => boolean) => Promise<void>, chance: Chance) => Promise<void>,
  finish: (home: string) => Promise<void>,
  check: (trace: Trace) => void,
  runs: number,
): Promise<void> {
  let done = 0
  for (let chain = 0; done < kills; chain++) {
    const chance = new Chance(`${name} ${chain}`)
    const home = join(root, `${name}-${chain}`)
    const moments: string[] = []
    for (let kill = 0; kill < 8 && done < kills; kill++) {
      const before = marksOf(home)
      // Also before the first mark, and some further than the rest of the session would be in equal parts.
      const at = Math.min(marks - 1, before + chance.below(Math.ceil(marks / 6)))
      const share = chance.share()
      await killOnce(home, (isOver) => reach(home, at, share, isOver), chance)
      if (await isFinished(home, runs)) break
      moments.push(`${at}+${share.toFixed(2)}`)
      done++
    }
    await finish(home)
    const session = onlySession(home)
    if (session === null) throw new Error(`${name} ${chain}: no session is left`)
    try {
      check(await traceOf(session))
    } catch (error) {
      throw new Error(`${name} ${chain}, killed at marks ${moments.join(', ')}: ${String(error)}`, { cause: error })
    }
    console.log(
      `${name} ${chain}: killed at marks ${moments.join(', ')} of ${marks}; the same bits. ${done} of ${kills}`,
    )
    rmSync(home, { recursive: true, force: true })
  }
}

/** Whether every run is there and has finished. */
async function isFinished(home: string, count: number): Promise<boolean> {
  const session = onlySession(home)
  if (session === null) return false
  const runs = await runsOf(session)
  return runs.length === count && runs.every(({ state }) => state === 'finished')
}

const share = (part: number) => Math.max(1, Math.round(settings.kills * part))

describe.concurrent('SIGKILL at random moments', () => {
  it('of the engine process leaves what goes on to the same bits', async () => {
    await killAgainAndAgain(
      'engine',
      share(0.4),
      allMarks,
      async (home, moment) => {
        const engine = await Engine.start(home)
        const working = launch(engine, home).catch(() => undefined)
        await moment(() => engine.hasEnded)
        await engine.kill()
        await working
      },
      async (home) => {
        const engine = await Engine.start(home)
        await launch(engine, home)
        await allFinished(onlySession(home) ?? '', experiments.length)
        await engine.kill()
      },
      (trace) => {
        requireSame(trace, expected)
      },
      experiments.length,
    )
  })

  it('of the command line leaves what goes on to the same bits', async () => {
    const session = (home: string) => join(home, 'sessions', 'killed')
    const words = async (home: string) => {
      const known = existsSync(join(session(home), 'session.json')) ? await runsOf(session(home)) : []
      return known.length < arms.length
        ? ['ablation', '--config', configuration, '--seeds', '0', '--session', session(home)]
        : ['resume', session(home)]
    }
    await killAgainAndAgain(
      'command-line',
      share(0.4),
      Math.floor((allMarks * arms.length) / experiments.length),
      async (home, moment) => {
        const { child, ended } = startCommandLine(home, await words(home))
        await moment(() => child.exitCode !== null)
        child.kill('SIGKILL')
        await ended
      },
      async (home) => {
        // What was launched only in part is launched again first; that does not resume what was.
        for (const command of [await words(home), ['resume', session(home)]]) {
          const { code, stderr } = await startCommandLine(home, command).ended
          expect(code, stderr).toBe(0)
        }
      },
      (trace) => {
        expect(trace.problems).toEqual([])
        requireSame({ runs: trace.runs }, { runs: expected.runs.slice(0, arms.length) })
      },
      arms.length,
    )
  })

  it.skipIf(settings.withoutWindow !== '')('of the whole application, or of its engine alone', async () => {
    await killAgainAndAgain(
      'application',
      share(0.2),
      allMarks,
      async (home, moment, chance) => {
        const desktop = await openDesktop(home)
        try {
          const working = launch(desktop, home).catch(() => undefined)
          await moment(() => desktop.hasEnded)
          const engine = desktop.figures().find(({ kind }) => kind === 'engine')
          if (chance.share() < 0.4 && engine !== undefined) {
            // The application stays and starts its engine again, which goes on with what was interrupted.
            process.kill(engine.pid, 'SIGKILL')
            await working
            await desktop.engineAfter(engine.pid)
            const before = marksOf(home)
            await launch(desktop, home)
            await reach(home, Math.min(allMarks - 1, before + 1), chance.share(), () => desktop.hasEnded)
          }
          await desktop.kill()
          await working
        } finally {
          desktop.signal('SIGKILL')
        }
      },
      async (home) => {
        const desktop = await openDesktop(home)
        try {
          await launch(desktop, home)
          await allFinished(onlySession(home) ?? '', experiments.length)
          expect(await desktop.quit()).toBe(0)
        } finally {
          desktop.signal('SIGKILL')
        }
      },
      (trace) => {
        requireSame(trace, expected)
      },
      experiments.length,
    )
  })
})

describe('SIGKILL at every change of a file', () => {
  it('before it or in its middle, leaves what goes on to the same bits', async () => {
    const config = join(root, 'short.json')
    writeFileSync(
      config,
      JSON.stringify(small({ method: 'dynamic', rounds: 3, rateDecayEnd: 3, evaluationInterval: 3 })),
    )
    const count = join(root, 'changes')
    const words = (session: string) => ['run', '--config', config, '--session', session]
    const whole = join(root, 'whole')
    const options = { node: preload('kill-at-change.mjs') }
    const { code, stderr } = await startCommandLine(root, words(whole), {
      ...options,
      environment: { FAULT_COUNT: count },
    }).ended
    expect(code, stderr).toBe(0)
    const uninterrupted = await traceOf(whole)
    const changes = Number(readFileSync(count, 'utf8'))
    expect(changes).toBeGreaterThan(60)

    const chance = new Chance('changes')
    const every = Array.from({ length: 2 * changes }, (_, index) => index)
    const points = settings.isFull ? every : Array.from({ length: 3 }, () => chance.below(every.length))
    for (const point of points) {
      const at = `${Math.floor(point / 2)}${point % 2 === 1 ? ' half' : ''}`
      const session = join(root, `change-${point}`)
      const killed = await startCommandLine(root, words(session), { ...options, environment: { FAULT_KILL_AT: at } })
        .ended
      // The time of a save may move the last changes.
      expect(killed.signal === 'SIGKILL' || point > every.length - 40, `change ${at}: ${killed.stderr}`).toBe(true)
      const isLaunched = existsSync(join(session, 'session.json')) && (await runsOf(session)).length > 0
      const resumed = await startCommandLine(root, isLaunched ? ['resume', session] : words(session)).ended
      expect(resumed.code, `change ${at}: ${resumed.stderr}`).toBe(0)
      requireSame(await traceOf(session), uninterrupted, `change ${at}`)
      rmSync(session, { recursive: true, force: true })
    }
    console.log(`${points.length} of ${every.length} kills at changes of files; the same bits`)
  })
})
