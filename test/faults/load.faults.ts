import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'
import { Desktop, type ProcessFigures } from './desktop'
import { settings } from './settings'

const soakRuns = 2000

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
  readonly figures: readonly ProcessFigures[]
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

  /** Median of the last tenth of the samples ÷ median of the second tenth: in the first everything is still filled and compiled. */
  ratio(value: (sample: Sample) => number): number {
    const tenth = Math.max(1, Math.floor(this.samples.length / 10))
    const early = median(this.samples.slice(tenth, 2 * tenth).map(value))
    return median(this.samples.slice(-tenth).map(value)) / early
  }

  table(): string {
    const of = (kind: ProcessFigures['kind'], field: 'residentMegabytes' | 'handles' | 'threads') => (sample: Sample) =>
      sample.figures.filter((figures) => figures.kind === kind).reduce((sum, figures) => sum + figures[field], 0)
    const rows: [string, (sample: Sample) => number][] = [
      ...(['main', 'window', 'engine'] as const).flatMap((kind): [string, (sample: Sample) => number][] => [
        [`${kind}: resident memory`, of(kind, 'residentMegabytes')],
        [`${kind}: open handles`, of(kind, 'handles')],
        [`${kind}: threads`, of(kind, 'threads')],
      ]),
      ['window: live objects', ({ heap }) => heap],
      ['window: DOM nodes', ({ nodes }) => nodes],
      ['two frames', ({ frame }) => frame],
      ['click to page', ({ click }) => click],
      ['engine answers', ({ answer }) => answer],
    ]
    return rows.map(([name, value]) => `| ${name} | ${this.ratio(value).toFixed(2)} |`).join('\n')
  }
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

const sleep = (milliseconds: number) => new Promise((resolve) => setTimeout(resolve, milliseconds))

describe('load', () => {
  const wants = (name: string) => settings.loads.includes(name) && settings.withoutWindow === ''

  it.runIf(wants('soak'))(`${soakRuns} short runs in one session of the open window`, async () => {
    const desktop = await Desktop.open(home)
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
})
