import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import { processFigures, type Desktop, type ProcessFigures, type ProcessKind } from '../desktop'
import { ended, openBench, tinyExperiment } from './bench'
import { onlySession, openDesktop, startCommandLine } from './processes'
import { settings } from './settings'

const soakRuns = 2000
const manyRounds = 10_000
const manyClients = 500
const sessionRuns = 1000
const arms = ['dynamic', 'static', 'none', 'small-dense'] as const

let home = ''
beforeEach(() => {
  home = mkdtempSync(join(tmpdir(), 'espalier-load-'))
})
afterEach(() => {
  rmSync(home, { recursive: true, force: true })
})

function experiment(changes: ExperimentInput): Experiment {
  return experimentSchema.parse({ model: 'lenet-300-100', batchSize: 8, readjustmentInterval: 1, ...changes })
}

/** What is measured of the open application, from outside of it. */
interface Sample {
  readonly done: number
  readonly at: number
  readonly figures: readonly (ProcessFigures & { readonly kind: ProcessKind })[]
  /** Bytes of live JavaScript objects in the window, after a collection. */
  readonly heap: number
  readonly nodes: number
  /** Milliseconds from a frame to the one after the next; at 60 per second 33. */
  readonly frame: number
  /** Milliseconds from a click on the navigation to the page on screen. */
  readonly click: number
  /** Milliseconds of one question that the engine answers. */
  readonly answer: number
}

class Observer {
  readonly samples: Sample[] = []
  private readonly started = performance.now()
  private constructor(
    private readonly desktop: Desktop,
    private readonly metrics: () => Promise<{ heap: number; nodes: number }>,
  ) {}

  static async of(desktop: Desktop): Promise<Observer> {
    const session = await desktop.page.context().newCDPSession(desktop.page)
    await session.send('Performance.enable')
    return new Observer(desktop, async () => {
      await session.send('HeapProfiler.collectGarbage')
      const { metrics } = await session.send('Performance.getMetrics')
      const value = (name: string) => metrics.find((metric) => metric.name === name)?.value ?? 0
      return { heap: value('JSHeapUsedSize'), nodes: value('Nodes') }
    })
  }

  async sample(done: number): Promise<void> {
    const { page } = this.desktop
    const frame = await page.evaluate(
      () =>
        new Promise<number>((resolve) => {
          requestAnimationFrame((first) =>
            requestAnimationFrame(() =>
              requestAnimationFrame((last) => {
                resolve(last - first)
              }),
            ),
          )
        }),
    )
    const clickedAt = performance.now()
    await page.getByTestId('nav-settings').click({ timeout: 120_000 })
    await page.getByTestId('page-settings').waitFor({ timeout: 120_000 })
    const click = performance.now() - clickedAt
    await page.getByTestId('nav-runs').click({ timeout: 120_000 })
    await page.getByTestId('page-runs').waitFor({ timeout: 120_000 })
    const askedAt = performance.now()
    await this.desktop.ask('datasets.list')
    const answer = performance.now() - askedAt
    this.samples.push({
      done,
      at: (performance.now() - this.started) / 1000,
      figures: this.desktop.figures(),
      ...(await this.metrics()),
      frame,
      click,
      answer,
    })
    const { heap, nodes } = this.samples[this.samples.length - 1]
    console.log(
      `${done} done after ${((performance.now() - this.started) / 1000).toFixed(0)} s: frame ${frame.toFixed(0)} ms, click ${click.toFixed(0)} ms, ` +
        `answer ${answer.toFixed(0)} ms, window ${(heap / 1e6).toFixed(1)} MB, ${nodes} nodes; ` +
        this.samples[this.samples.length - 1].figures
          .filter(({ kind }) => kind !== 'other')
          .map(
            ({ kind, residentMegabytes, handles, threads }) =>
              `${kind} ${residentMegabytes.toFixed(0)} MB ${handles} handles ${threads} threads`,
          )
          .join('; '),
    )
  }

  table(): string {
    const of = (kind: ProcessKind, field: 'residentMegabytes' | 'handles' | 'threads') => (sample: Sample) =>
      sample.figures.filter((figures) => figures.kind === kind).reduce((sum, figures) => sum + figures[field], 0)
    const rows: [string, (sample: Sample) => number][] = [
      ...(['main', 'window', 'engine'] as const).flatMap((kind): [string, (sample: Sample) => number][] => [
        [`${kind}: resident memory, MB`, of(kind, 'residentMegabytes')],
        [`${kind}: open handles`, of(kind, 'handles')],
        [`${kind}: threads`, of(kind, 'threads')],
      ]),
      ['window: live objects, MB', ({ heap }) => heap / 1e6],
      ['window: DOM nodes', ({ nodes }) => nodes],
      ['two frames, ms', ({ frame }) => frame],
      ['click to page, ms', ({ click }) => click],
      ['engine answers, ms', ({ answer }) => answer],
    ]
    return rows.map(([name, value]) => tableRow(name, this.samples.map(value))).join('\n')
  }
}

/**
 * Median of the second tenth of what was measured, of the last tenth, and their ratio: in the first tenth everything is still
 * filled and compiled.
 */
function tableRow(name: string, values: readonly number[]): string {
  const tenth = Math.max(1, Math.floor(values.length / 10))
  const early = median(values.slice(tenth, 2 * tenth))
  const late = median(values.slice(-tenth))
  return `| ${name} | ${early.toFixed(1)} | ${late.toFixed(1)} | ${(late / early).toFixed(2)} | ${Math.max(...values).toFixed(1)} |`
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b)
  return sorted[Math.floor(sorted.length / 2)] ?? Number.NaN
}

/** Runs that the page says have finished. */
async function finishedRuns(desktop: Desktop): Promise<number> {
  const summary = await desktop.page.getByTestId('runs-summary').innerText({ timeout: 300_000 })
  return Number(/[\d,]+/.exec(summary)?.[0].replaceAll(',', '') ?? Number.NaN)
}

/** Rounds that the only run of a session has recorded. */
function roundsIn(session: string): number {
  const runs = join(session, 'runs')
  const run = existsSync(runs) ? readdirSync(runs).at(0) : undefined
  const records = join(runs, run ?? '', 'rounds.ndjson')
  return existsSync(records) ? readFileSync(records, 'latin1').split('\n').length - 1 : 0
}

/** Milliseconds until `work` is done. */
async function took(work: () => Promise<unknown>): Promise<number> {
  const before = performance.now()
  await work()
  return performance.now() - before
}

describe('load', () => {
  const wants = (name: string) => settings.loads.includes(name)
  const hasWindow = settings.withoutWindow === ''

  it.runIf(wants('soak') && hasWindow)(`${soakRuns} short runs in one session of the open window`, async () => {
    const desktop = await openDesktop(home)
    try {
      const launchedAt = performance.now()
      const { manifest } = await desktop.ask('runs.launch', {
        sessionId: null,
        sessionName: 'soak',
        experiments: Array.from({ length: soakRuns }, (_, seed) =>
          experiment({
            seed,
            rounds: 1,
            totalClients: 4,
            clientsPerRound: 2,
            samplesPerClient: 16,
            method: seed % 2 ? 'dynamic' : 'static',
          }),
        ),
      })
      console.log(`queued in ${((performance.now() - launchedAt) / 1000).toFixed(1)} s`)
      await desktop.page.getByTestId('nav-sessions').click()
      await desktop.page.getByTestId('open-session-button').click()
      await desktop.page.getByTestId('nav-runs').click()
      const observer = await Observer.of(desktop)
      for (let next = 0, done = 0; done < soakRuns;) {
        done = await finishedRuns(desktop)
        if (done >= next) {
          await observer.sample(done)
          next = done + soakRuns / 50
        } else await sleep(500)
      }
      console.log(observer.table())
      const { problems } = await desktop.ask('sessions.verify', { sessionId: manifest.id })
      expect(problems).toEqual([])
      expect(await desktop.quit()).toBe(0)
    } finally {
      desktop.signal('SIGKILL')
    }
  })

  it.runIf(wants('rounds'))(`${manyRounds} rounds with ${manyClients} clients on the command line`, async () => {
    const config = join(home, 'experiment.json')
    const long = experiment({
      totalClients: manyClients,
      clientsPerRound: 10,
      samplesPerClient: 16,
      rounds: manyRounds,
      rateDecayEnd: manyRounds,
      readjustmentInterval: 10,
      sparsity: 0.95,
      evaluationInterval: 500,
      method: 'dynamic',
    })
    writeFileSync(config, JSON.stringify(long))
    const session = join(home, 'sessions', 'long')
    const { child, ended: end } = startCommandLine(home, ['run', '--config', config, '--session', session])
    const samples: { done: number; at: number; figures: ProcessFigures }[] = []
    const startedAt = performance.now()
    const state = { isOver: false }
    const outcome = end.finally(() => {
      state.isOver = true
    })
    for (let next = 100; !state.isOver;) {
      await sleep(500)
      const folder = onlySession(home)
      const done = folder === null ? 0 : roundsIn(folder)
      if (done < next || child.pid === undefined) continue
      samples.push({ done, at: (performance.now() - startedAt) / 1000, figures: processFigures(child.pid) })
      next = done + manyRounds / 50
      const { residentMegabytes, handles, threads } = samples[samples.length - 1].figures
      console.log(`${done} rounds: ${residentMegabytes.toFixed(0)} MB, ${handles} handles, ${threads} threads`)
    }
    const { code, stderr } = await outcome
    expect(code, stderr.slice(-2000)).toBe(0)
    const seconds = samples
      .slice(1)
      .map(({ done, at }, index) => ((at - samples[index].at) / (done - samples[index].done)) * 1000)
    console.log(
      [
        tableRow(
          'resident memory, MB',
          samples.map(({ figures }) => figures.residentMegabytes),
        ),
        tableRow(
          'open handles',
          samples.map(({ figures }) => figures.handles),
        ),
        tableRow(
          'threads',
          samples.map(({ figures }) => figures.threads),
        ),
        tableRow('a round, ms', seconds),
      ].join('\n'),
    )
    const verified = await took(async () => {
      const { stdout } = await startCommandLine(home, ['verify', session]).ended
      expect(stdout).toContain('nothing wrong')
    })
    const tabled = await took(() => startCommandLine(home, ['table', session]).ended)
    console.log(
      `all after ${(performance.now() - startedAt) / 1000} s; verify ${verified.toFixed(0)} ms, table ${tabled.toFixed(0)} ms`,
    )
  })

  it.runIf(wants('session') && hasWindow)(`a session of ${sessionRuns} runs`, async () => {
    const bench = await openBench(home)
    const { manifest, runs } = await bench.laboratory.ask('runs.launch', {
      sessionId: null,
      sessionName: 'a thousand runs',
      experiments: Array.from({ length: sessionRuns }, (_, index) =>
        tinyExperiment({
          seed: Math.floor(index / arms.length),
          method: arms[index % arms.length],
          samplesPerClient: 16,
          // None of them diverges.
          learningRate: 0.001,
        }),
      ),
    })
    for (const { id } of runs) await ended(bench.laboratory, { sessionId: manifest.id, runId: id })
    await bench.laboratory.close()
    const desktop = await openDesktop(home)
    try {
      const { page } = desktop
      const times: [string, number][] = []
      const show = async (name: string, work: () => Promise<unknown>) => times.push([name, await took(work)])
      await page.getByTestId('nav-sessions').click()
      await show('session opened', async () => {
        await page.getByTestId('open-session-button').click()
        await page.getByTestId('open-session').getByText('a thousand runs').waitFor({ timeout: 300_000 })
      })
      // The records follow in the background.
      await show('every record read', async () => {
        await page.getByTestId('nav-compare').click()
        await page.getByText(/^reading records/).waitFor({ state: 'detached', timeout: 600_000 })
      })
      for (const method of arms)
        expect(await page.getByTestId(`result-${method}`).innerText()).toContain(`\t${sessionRuns / arms.length}`)
      for (const name of ['runs', 'compare', 'layers', 'setup', 'runs', 'compare'] as const)
        await show(`click to ${name}`, async () => {
          await page.getByTestId(`nav-${name}`).click({ timeout: 120_000 })
          await page.getByTestId(`page-${name}`).waitFor({ timeout: 120_000 })
        })
      await show('verified', async () => {
        expect((await desktop.ask('sessions.verify', { sessionId: manifest.id })).problems).toEqual([])
      })
      await show('table as CSV', () => desktop.ask('sessions.table', { sessionId: manifest.id, format: 'csv' }))
      console.log(times.map(([name, time]) => `| ${name} | ${time.toFixed(0)} ms |`).join('\n'))
      const figures = desktop.figures().filter(({ kind }) => kind !== 'other')
      console.log(figures.map(({ kind, residentMegabytes }) => `${kind} ${residentMegabytes.toFixed(0)} MB`).join(', '))
      expect(await desktop.quit()).toBe(0)
    } finally {
      desktop.signal('SIGKILL')
    }
  })
})
