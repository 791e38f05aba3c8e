/**
 * Waits for `work` and hands on, in order, what it reports meanwhile. Ends by throwing the signal's reason as soon as the
 * signal aborts, or what `work` throws. Returns the result of `work`.
 */
export async function* watch<Report, Result>(
  work: (report: (value: Report) => void) => Promise<Result>,
  signal: AbortSignal,
): AsyncGenerator<Report, Result> {
  signal.throwIfAborted()
  const reports: Report[] = []
  const state = { settled: false, wake: () => {} }
  const onAbort = () => {
    state.wake()
  }
  signal.addEventListener('abort', onAbort)
  const result = work((value) => {
    reports.push(value)
    state.wake()
  }).finally(() => {
    state.settled = true
    state.wake()
  })
  // After an abort nobody waits for the work any more; its failure must not surface as an unhandled rejection.
  result.catch(() => {})
  try {
    for (;;) {
      signal.throwIfAborted()
      const report = reports.shift()
      if (report !== undefined) {
        yield report
      } else if (state.settled) {
        return await result
      } else {
        await new Promise<void>((resolve) => {
          state.wake = resolve
        })
      }
    }
  } finally {
    signal.removeEventListener('abort', onAbort)
  }
}
