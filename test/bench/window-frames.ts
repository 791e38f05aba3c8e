import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { chromium } from '@playwright/test'
import { build, preview } from 'vite'
import type { SessionContents, SessionEntry, RoundRecord, RunRecords } from '../../src-main/contract/records'

/** This file is run from a folder in test/output. */
const project = resolve(import.meta.dirname, '../../..')
const configFile = resolve(project, 'test/renderer/vite.config.ts')
/** Not where the tests of the page have theirs. */
const outDir = resolve(project, 'test/output/bench-page')
const runs = 8
const roundsBefore = 1000
/** Rounds of every run in a second; each also tells of its progress five times. */
const roundsPerSecond = 10
const seconds = 4
const repetitions = 3
const large = { runs: 1000, rounds: 1000 }
const pages: readonly (readonly [name: string, clicks: readonly string[]])[] = [
  ['Runs', ['nav-runs']],
  ['Compare, curves', ['nav-compare', 'tab-curves']],
  ['Compare, matrix', ['nav-compare', 'tab-matrix']],
  ['Layers', ['nav-layers']],
]

interface Bench {
  readonly sessionId: string
  readonly round: RoundRecord
  readonly runIds: readonly string[]
  next: number
}
declare global {
  interface Window {
    bench: Bench
  }
}

/** Prints how smooth the window stays while eight runs stream, and what a large session takes of its memory. */
export async function measure(): Promise<void> {
  const executablePath = process.env['ESPALIER_CHROMIUM'] ?? '/usr/bin/chromium'
  if (!existsSync(executablePath)) {
    console.log('The window was not measured: there is no Chromium (name one in ESPALIER_CHROMIUM).')
    return
  }
  await build({ configFile, build: { outDir } })
  const server = await preview({
    configFile,
    build: { outDir },
    preview: { host: '127.0.0.1', port: 4329, strictPort: true },
  })
  const browser = await chromium.launch({
    executablePath,
    args: process.getuid?.() === 0 ? ['--no-sandbox'] : [],
  })
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } })
    const devtools = await page.context().newCDPSession(page)
    await devtools.send('Performance.enable')
    await page.goto('http://127.0.0.1:4329/?start=demo')
    await page.waitForFunction(() => document.documentElement.dataset.appState === 'loaded')

    await page.evaluate(startRuns, { runs, roundsBefore })
    console.log(`${runs} runs after ${roundsBefore} rounds; medians of ${repetitions} × ${seconds} s\n`)
    console.log('| page | streaming | median frame, ms | 95th percentile, ms | main thread busy |')
    console.log('| --- | --- | ---: | ---: | ---: |')
    for (const [name, clicks] of pages) {
      for (const id of clicks) await page.getByTestId(id).click()
      await page.waitForTimeout(1000)
      for (const isStreaming of [false, true]) {
        const measured: Record<'median' | 'slow' | 'busy', number>[] = []
        for (let time = 0; time < repetitions; time++) {
          const busyBefore = await busySeconds()
          const frames = await page.evaluate(streamAndWatch, { isStreaming, roundsPerSecond, seconds })
          measured.push({ ...frames, busy: ((await busySeconds()) - busyBefore) / frames.elapsed })
        }
        const middle = (key: 'median' | 'slow' | 'busy') => median(measured.map((one) => one[key]))
        console.log(
          `| ${name} | ${isStreaming ? 'yes' : 'no'} | ${middle('median').toFixed(1)} | ${middle('slow').toFixed(1)} | ${(100 * middle('busy')).toFixed(0)} % |`,
        )
      }
    }

    await page.goto('about:blank')
    await page.goto('http://127.0.0.1:4329/?start=demo')
    await page.waitForFunction(() => document.documentElement.dataset.appState === 'loaded')
    const before = await heapBytes()
    await page.evaluate(offerLargeSession, large)
    await page.getByTestId('nav-sessions').click()
    const opening = await page.evaluate(async () => {
      const start = performance.now()
      const button = document.querySelectorAll('[data-testid="session-row"] button')[1]
      if (!(button instanceof HTMLElement)) throw new Error('there is no second session')
      button.click()
      await new Promise((done) => setTimeout(done, 50))
      const open = document.querySelector('[data-testid="open-session-button"]')
      if (!(open instanceof HTMLElement)) throw new Error('it cannot be opened')
      open.click()
      while (document.querySelector('[data-testid="open-session"]')?.textContent.includes('thousand') !== true)
        await new Promise((done) => requestAnimationFrame(done))
      return performance.now() - start - 50
    })
    await page.getByTestId('reading-records').waitFor()
    await page.waitForFunction(() => document.querySelector('[data-testid="reading-records"]') === null, null, {
      timeout: 300_000,
    })
    await page.getByTestId('nav-compare').click()
    await page.waitForTimeout(1000)
    const after = await heapBytes()
    console.log(
      `\n${large.runs} runs of ${large.rounds} rounds: on screen after ${opening.toFixed(0)} ms; heap of the window ${mebibytes(before)} MiB before, ${mebibytes(after)} MiB with every record`,
    )

    async function busySeconds() {
      const { metrics } = await devtools.send('Performance.getMetrics')
      return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? Number.NaN
    }

    async function heapBytes() {
      await devtools.send('HeapProfiler.collectGarbage')
      return (await devtools.send('Runtime.getHeapUsage')).usedSize
    }
  } finally {
    await browser.close()
    await server.close()
  }
}

function mebibytes(bytes: number): string {
  return (bytes / 2 ** 20).toFixed(0)
}

function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** In the page: runs of the open session that are under way, with many rounds behind them. */
async function startRuns({ runs, roundsBefore }: { runs: number; roundsBefore: number }): Promise<void> {
  const engine = window.fakeEngine
  const ask = async <Answer>(name: Parameters<typeof engine.invoke>[0], input: unknown) => {
    const reply = await engine.invoke(name, input)
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.value as Answer
  }
  const sessionId = (await ask<SessionEntry[]>('sessions.list', undefined))[1].manifest.id
  const [run] = (await ask<SessionContents>('sessions.open', { sessionId })).runs
  const { rounds, topology } = await ask<RunRecords>('runs.records', { sessionId, runId: run.id })
  const bench: Bench = {
    sessionId,
    round: rounds[9],
    next: 0,
    runIds: Array.from({ length: runs }, (_, at) => `bench-${at}`),
  }
  window.bench = bench
  for (const [at, id] of bench.runIds.entries()) {
    const experiment = { ...run.experiment, rounds: 100_000, seed: 100 + at }
    engine.emit({ type: 'run.state', sessionId, run: { ...run, id, experiment, state: 'running', roundsDone: 0 } })
    engine.emit({ type: 'run.topology', sessionId, runId: id, record: topology[0] })
  }
  for (; bench.next < roundsBefore; bench.next++) {
    for (const runId of bench.runIds) {
      const trainLoss = 2.3 / (1 + bench.next / 30) + Math.random() / 20
      const record = { ...bench.round, round: bench.next, trainLoss, globalAccuracy: Math.min(1, 0.96 - trainLoss / 3) }
      engine.emit({ type: 'run.round', sessionId, runId, record })
    }
    if (bench.next % 100 === 99) await new Promise((done) => requestAnimationFrame(done))
  }
}

/** In the page: the time between frames while rounds arrive or not. */
async function streamAndWatch({
  isStreaming,
  roundsPerSecond,
  seconds,
}: {
  isStreaming: boolean
  roundsPerSecond: number
  seconds: number
}) {
  const engine = window.fakeEngine
  const { bench } = window
  const { sessionId } = bench
  const progressPerRound = 5
  let tick = 0
  const timer = isStreaming
    ? setInterval(
        () => {
          tick++
          for (const runId of bench.runIds) {
            const progress = {
              round: bench.next,
              rounds: 100_000,
              clientsDone: tick % 20,
              clientsInRound: 20,
              phase: 'training' as const,
              secondsRemaining: 100,
            }
            engine.emit({ type: 'run.progress', sessionId, runId, progress })
            if (tick % progressPerRound !== 0) continue
            const trainLoss = 2.3 / (1 + bench.next / 30) + Math.random() / 20
            const record = { ...bench.round, round: bench.next, trainLoss, globalAccuracy: 0.96 - trainLoss / 3 }
            engine.emit({ type: 'run.round', sessionId, runId, record })
          }
          if (tick % progressPerRound === 0) bench.next++
        },
        1000 / roundsPerSecond / progressPerRound,
      )
    : undefined
  const start = performance.now()
  const frames: number[] = []
  let last = start
  while (last < start + seconds * 1000) {
    await new Promise((done) => requestAnimationFrame(done))
    const now = performance.now()
    frames.push(now - last)
    last = now
  }
  clearInterval(timer)
  frames.sort((a, b) => a - b)
  return {
    median: frames[Math.floor(frames.length / 2)],
    slow: frames[Math.floor(frames.length * 0.95)],
    elapsed: (last - start) / 1000,
  }
}

/** In the page: the other session becomes a large one. */
async function offerLargeSession({ runs, rounds }: { runs: number; rounds: number }): Promise<void> {
  const engine = window.fakeEngine
  const invoke = engine.invoke.bind(engine)
  const ask = async <Answer>(name: Parameters<typeof engine.invoke>[0], input: unknown) => {
    const reply = await invoke(name, input)
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.value as Answer
  }
  const list = await ask<SessionEntry[]>('sessions.list', undefined)
  const sessionId = list[0].manifest.id
  const demo = { sessionId: list[1].manifest.id }
  const contents = await ask<SessionContents>('sessions.open', demo)
  const [run] = contents.runs
  const records = await ask<RunRecords>('runs.records', { ...demo, runId: run.id })
  const manifest = { ...contents.manifest, id: sessionId, name: 'A thousand runs' }
  const made = Array.from({ length: runs }, (_, at) => ({
    ...run,
    id: `large-${at}`,
    experiment: { ...run.experiment, rounds, seed: at },
    roundsDone: rounds,
  }))
  const round = records.rounds[9]
  engine.invoke = async (name, input) => {
    const { runId, sessionId: asked } = (input ?? {}) as { runId?: string; sessionId?: string }
    if (name === 'sessions.open' && asked === sessionId)
      return { ok: true, value: { ...contents, manifest, runs: made } }
    if (name !== 'runs.records' || runId?.startsWith('large-') !== true) return invoke(name, input)
    // As it comes from another process: later, and every record an object of its own.
    await new Promise((done) => setTimeout(done, 2))
    const text = JSON.stringify(
      Array.from({ length: rounds }, (_, at) => ({ ...round, round: at, trainLoss: 1 / (1 + at), seconds: at / 7 })),
    )
    return {
      ok: true,
      value: { rounds: JSON.parse(text) as unknown, topology: records.topology.slice(0, 1), problems: [] },
    }
  }
}
