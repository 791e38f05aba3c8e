import type { Experiment } from '@contract/experiment'
import type { SweepCost } from '@contract/preview'
import { messageOf } from '@contract/errors'
import type { Engine } from '../bridge/bridge'

/** What the drafted sweep costs. The newest question wins. */
export class SweepCostState {
  cost = $state.raw<SweepCost | null>(null)
  error = $state.raw<string | null>(null)
  #question = 0
  #latest: readonly Experiment[] = []
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Never throws: what went wrong is shown in place of the answer. */
  async ask(experiments: readonly Experiment[]): Promise<void> {
    this.#latest = experiments
    const question = ++this.#question
    if (experiments.length === 0) {
      this.cost = null
      this.error = null
      return
    }
    try {
      const cost = await this.#engine.invoke('preview.sweep', { experiments: [...experiments] })
      if (question !== this.#question) return
      this.cost = cost
      this.error = null
    } catch (error) {
      if (question !== this.#question) return
      this.cost = null
      this.error = messageOf(error)
    }
  }

  /** Asks the newest question again (for instance when a time has been measured). */
  async askAgain(): Promise<void> {
    await this.ask(this.#latest)
  }
}
