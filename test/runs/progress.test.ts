import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import type { RunProgress } from '../../src-main/contract/events'
import { ProgressReporter } from '../../src-main/runs/progress'

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] })
})
afterEach(() => {
  vi.useRealTimers()
})

const at = (round: number, clientsDone: number) =>
  ({ round, rounds: 10, clientsDone, clientsInRound: 20, phase: 'training' }) as const

it('reports at most ten times a second and always the latest', () => {
  const reports: { readonly when: number; readonly done: number }[] = []
  const start = performance.now()
  const reporter = new ProgressReporter(({ clientsDone }) => {
    reports.push({ when: performance.now() - start, done: clientsDone })
  })
  for (let done = 0; done <= 20; done++) {
    reporter.update(at(0, done))
    vi.advanceTimersByTime(13)
  }
  vi.advanceTimersByTime(1000)
  expect(reports.map(({ done }) => done)).toEqual([0, 7, 15, 20])
  expect(reports.map(({ when }) => when)).toEqual([0, 100, 200, 300])
})

it('knows no remaining time before a round was measured, and then tells the mean of the measured rounds', () => {
  const reports: RunProgress[] = []
  const reporter = new ProgressReporter((progress) => reports.push(progress))
  reporter.update(at(0, 1))
  vi.advanceTimersByTime(4000)
  reporter.roundDone(4)
  vi.advanceTimersByTime(2000)
  reporter.roundDone(2)
  reporter.update(at(2, 0))
  vi.advanceTimersByTime(1500)
  reporter.update(at(2, 10))
  vi.advanceTimersByTime(9000)
  reporter.update(at(2, 11))
  // Eight rounds of three seconds; the third one has run for 0, 1.5 and, longer than expected, 10.5 seconds.
  expect(reports.map(({ secondsRemaining }) => secondsRemaining)).toEqual([null, 24, 22.5, 21])
})

it('says nothing more once stopped', () => {
  const reports: RunProgress[] = []
  const reporter = new ProgressReporter((progress) => reports.push(progress))
  reporter.update(at(0, 0))
  reporter.update(at(0, 1))
  reporter.stop()
  vi.advanceTimersByTime(1000)
  expect(reports).toHaveLength(1)
})
