import { describe, expect, it } from 'vitest'
import { watch } from '../../../src-main/engine/federated/watch'

async function collect<Report, Result>(watched: AsyncGenerator<Report, Result>) {
  const reports: Report[] = []
  for (;;) {
    const next = await watched.next()
    if (next.done === true) return { reports, result: next.value }
    reports.push(next.value)
  }
}

describe('watch', () => {
  it('hands on every report in order, then the result', async () => {
    const watched = watch<number, string>(async (report) => {
      report(1)
      await Promise.resolve()
      report(2)
      await new Promise((resolve) => setTimeout(resolve, 5))
      report(3)
      return 'done'
    }, new AbortController().signal)
    expect(await collect(watched)).toEqual({ reports: [1, 2, 3], result: 'done' })
  })

  it('throws what the work throws', async () => {
    const watched = watch<number, string>(() => Promise.reject(new Error('broken')), new AbortController().signal)
    await expect(collect(watched)).rejects.toThrow('broken')
  })

  it('throws the reason at once when aborted, though the work goes on and fails later', async () => {
    const controller = new AbortController()
    const watched = watch<number, string>(
      () =>
        new Promise((_, reject) => {
          setTimeout(() => {
            reject(new Error('too late'))
          }, 30)
        }),
      controller.signal,
    )
    setTimeout(() => {
      controller.abort(new Error('paused'))
    }, 5)
    const started = performance.now()
    await expect(collect(watched)).rejects.toThrow('paused')
    expect(performance.now() - started).toBeLessThan(25)
    await new Promise((resolve) => setTimeout(resolve, 40))
  })

  it('does not start work after an abort', async () => {
    const signal = AbortSignal.abort(new Error('paused'))
    let started = false
    const watched = watch<number, null>(() => {
      started = true
      return Promise.resolve(null)
    }, signal)
    await expect(collect(watched)).rejects.toThrow('paused')
    expect(started).toBe(false)
  })
})
