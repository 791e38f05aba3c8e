import { cpus, freemem, totalmem } from 'node:os'
import type { MachineLoad } from '../contract/events'

const intervalMilliseconds = 2000

interface Ticks {
  readonly busy: number
  readonly all: number
}

/** Measures, while it is active, what the machine is busy with. */
export class LoadMeter {
  readonly #tell: (load: MachineLoad) => void
  #timer: NodeJS.Timeout | null = null
  #before: Ticks = { busy: 0, all: 0 }

  constructor(tell: (load: MachineLoad) => void) {
    this.#tell = tell
  }

  setActive(isActive: boolean): void {
    if (isActive === (this.#timer !== null)) return
    if (this.#timer !== null) clearInterval(this.#timer)
    this.#before = ticks()
    this.#timer = isActive ? setInterval(this.#measure, intervalMilliseconds).unref() : null
  }

  readonly #measure = () => {
    const processors = cpus()
    const now = ticks()
    const elapsed = now.all - this.#before.all
    const cpuShare = elapsed === 0 ? 0 : (now.busy - this.#before.busy) / elapsed
    this.#before = now
    this.#tell({
      cpuShare: Math.min(1, Math.max(0, cpuShare)),
      cores: processors.length,
      processor: processors.at(0)?.model.trim() ?? '',
      memoryUsedBytes: totalmem() - freemem(),
      memoryTotalBytes: totalmem(),
      engineMemoryBytes: process.memoryUsage.rss(),
    })
  }
}

/** Milliseconds of all cores since the machine started. */
function ticks(): Ticks {
  return cpus().reduce<Ticks>(
    ({ busy, all }, { times: { user, nice, sys, idle, irq } }) => ({
      busy: busy + user + nice + sys + irq,
      all: all + user + nice + sys + irq + idle,
    }),
    { busy: 0, all: 0 },
  )
}
