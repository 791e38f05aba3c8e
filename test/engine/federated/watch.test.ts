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
    let fail: (error: Error) => void = () => undefined
    const work = new Promise<string>((_, reject) => {
      fail = reject
    })
    const watched = watch<number, string>(() => work, controller.signal)
    const collected = collect(watched)
    controller.abort(new Error('paused'))
    // The work has not ended yet: nothing else could end the wait.
    await expect(collected).rejects.toThrow('paused')
    fail(new Error('too late'))
    await expect(work).rejects.toThrow('too late')
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
