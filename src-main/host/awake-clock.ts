/** How often the time is counted. */
const countMilliseconds = 500

/** Counts the time that passes while this process is awake: while it or the whole computer slept, so did what it waits for. */
export class AwakeClock {
  #timer: NodeJS.Timeout | null = null

  /** @param count is given the milliseconds that have passed, several times a second; false stops the clock */
  constructor(private readonly count: (passed: number) => boolean) {}

  /** Starts it unless it is going already. It alone keeps no process alive. */
  start(): void {
    if (this.#timer !== null) return
    let countedAt = performance.now()
    this.#timer = setInterval(() => {
      const passed = Math.min(performance.now() - countedAt, 2 * countMilliseconds)
      countedAt = performance.now()
      if (!this.count(passed)) this.stop()
    }, countMilliseconds).unref()
  }

  stop(): void {
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#timer = null
  }
}
