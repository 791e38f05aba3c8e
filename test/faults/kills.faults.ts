import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import { isResumable } from '../../src-main/contract/records'
import { ablationExperiments } from '../../src-main/contract/sweep'
import { Desktop } from './desktop'
import { allFinished, Engine, onlySession, preload, runsOf, startCommandLine } from './processes'
import { Chance, settings } from './settings'
import { traceOf } from './trace'

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

type Trace = Awaited<ReturnType<typeof traceOf>>
const root = mkdtempSync(join(tmpdir(), 'espalier-kills-'))
let configuration = ''
let expected: Trace
/** Milliseconds that all runs take without interruption. */
let duration = 0

beforeAll(async () => {
  configuration = join(root, 'experiment.json')
  writeFileSync(configuration, JSON.stringify(small()))
  const home = join(root, 'uninterrupted')
  const engine = await Engine.start(home)
  const started = performance.now()
  await launch(engine, home)
  const session = onlySession(home) ?? ''
  await allFinished(session, experiments.length, AbortSignal.timeout(600_000))
  duration = performance.now() - started
  expected = await traceOf(session)
  await engine.kill()
  expect(expected.runs.flatMap(({ topology }) => topology).length).toBeGreaterThan(7)
}, 700_000)
afterAll(() => {
  rmSync(root, { recursive: true, force: true })
})

/** Whatever answers commands: the engine process, or the window of the whole application. */
interface Asked {
  ask(command: 'runs.launch' | 'runs.resume', input: unknown): Promise<unknown>
}

/** Launches what is not there yet and goes on with what was interrupted, as a user would. */
async function launch(asked: Asked, home: string): Promise<void> {
  const session = onlySession(home)
  const known = session === null ? [] : await runsOf(session)
  const sessionId = session === null ? null : basename(session)
  for (const { id, state } of known) {
    if (isResumable(state)) await asked.ask('runs.resume', { sessionId, runId: id })
  }
  if (known.length < experiments.length)
    await asked.ask('runs.launch', { sessionId, sessionName: 'kills', experiments })
}

/** Moments at which one process is killed, until so many kills have met unfinished runs; then the rest of the last session. */
async function killAgainAndAgain(
  name: string,
  kills: number,
  killOnce: (home: string, after: number, chance: Chance) => Promise<boolean>,
  finish: (home: string) => Promise<void>,
  check: (trace: Trace) => void,
): Promise<void> {
  let done = 0
  // A machine that is less busy than when the duration was measured finishes before it is to be killed: sooner, then.
  let reach = duration * 0.8
  for (let chain = 0; done < kills; chain++) {
    const chance = new Chance(`${name} ${chain}`)
    const home = join(root, `${name}-${chain}`)
    const moments: number[] = []
    for (let kill = 0; kill < 8 && done < kills; kill++) {
      const after = chance.share() * reach
      if (!(await killOnce(home, after, chance))) {
        reach = Math.max(reach * 0.7, duration * 0.1)
        break
      }
      moments.push(Math.round(after))
      done++
    }
    await finish(home)
    const session = onlySession(home)
    if (session === null) throw new Error(`${name} ${chain}: no session is left`)
    try {
      check(await traceOf(session))
    } catch (error) {
      throw new Error(`${name} ${chain}, killed after ${moments.join(', ')} ms: ${String(error)}`, { cause: error })
    }
    console.log(`${name} ${chain}: killed after ${moments.join(', ')} ms; the same bits. ${done} of ${kills}`)
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

const share = (part: number) => Math.max(2, Math.round(settings.kills * part))

describe.concurrent('SIGKILL at random moments', () => {
  it('of the engine process leaves what goes on to the same bits', async () => {
    await killAgainAndAgain(
      'engine',
      share(0.45),
      async (home, after) => {
        const engine = await Engine.start(home)
        const working = launch(engine, home).catch(() => undefined)
        await sleep(after)
        await engine.kill()
        await working
        return !(await isFinished(home, experiments.length))
      },
      async (home) => {
        const engine = await Engine.start(home)
        await launch(engine, home)
        await allFinished(onlySession(home) ?? '', experiments.length, AbortSignal.timeout(600_000))
        await engine.kill()
      },
      (trace) => {
        expect(trace).toEqual(expected)
      },
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
      share(0.35),
      async (home, after) => {
        const { child, ended } = startCommandLine(home, await words(home))
        await sleep(after)
        child.kill('SIGKILL')
        await ended
        return !(await isFinished(home, arms.length))
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
        expect(trace.runs).toEqual(expected.runs.slice(0, arms.length))
      },
    )
  })

  it.skipIf(settings.withoutWindow !== '')('of the whole application, or of its engine alone', async () => {
    await killAgainAndAgain(
      'application',
      share(0.2),
      async (home, after, chance) => {
        const desktop = await Desktop.open(home)
        try {
          await launch(desktop, home)
          await sleep(after)
          if (await isFinished(home, experiments.length)) return false
          if (chance.share() < 0.4) {
            // The application stays, starts its engine again and resumes what was interrupted.
            const engine = desktop.figures().find(({ kind }) => kind === 'engine')
            if (engine === undefined) throw new Error('there is no engine process')
            process.kill(engine.pid, 'SIGKILL')
            await desktop.page.getByTestId('message').first().waitFor()
            await launch(desktop, home)
            await sleep(after / 2)
          }
          return !(await isFinished(home, experiments.length))
        } finally {
          await desktop.kill()
        }
      },
      async (home) => {
        const desktop = await Desktop.open(home)
        await launch(desktop, home)
        await allFinished(onlySession(home) ?? '', experiments.length, AbortSignal.timeout(600_000))
        expect(await desktop.quit()).toBe(0)
      },
      (trace) => {
        expect(trace).toEqual(expected)
      },
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
    const points = settings.isFull ? every : Array.from({ length: 6 }, () => chance.below(every.length))
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
      expect(await traceOf(session), `change ${at}`).toEqual(uninterrupted)
      rmSync(session, { recursive: true, force: true })
    }
    console.log(`${points.length} of ${every.length} kills at changes of files; the same bits`)
  })
})
