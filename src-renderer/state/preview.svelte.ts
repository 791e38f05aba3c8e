import {
  checkExperiment,
  experimentFieldNames,
  fieldMetadata,
  type Experiment,
  type ExperimentField,
} from '@contract/experiment'
import { ablationArms, type MethodName } from '@contract/methods'
import type { PartitionPreview, PlanPreview } from '@contract/preview'
import { messageOf } from '@contract/errors'
import type { Engine } from '../bridge/bridge'

/** What is known of an experiment before it runs. Asked for a moment after the last change; the newest question wins. */
export class Preview {
  partition = $state.raw<PartitionPreview | null>(null)
  /** Plans of the chosen method and of the four arms; an arm that the settings do not allow is missing. */
  plans = $state.raw<Partial<Record<MethodName, PlanPreview>>>({})
  partitionError = $state.raw<string | null>(null)
  planError = $state.raw<string | null>(null)
  busy = $state(false)

  #question = 0
  #latest: Experiment | null = null
  #partitionKey = ''
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Answers all that is shown about an experiment. Never throws: what went wrong is shown in place of the answer. */
  async ask(experiment: Experiment): Promise<void> {
    this.#latest = experiment
    const question = ++this.#question
    const isNewest = () => question === this.#question
    this.busy = true
    await Promise.all([this.#askPartition(experiment, isNewest), this.#askPlans(experiment, isNewest)])
    if (isNewest()) this.busy = false
  }

  /** Asks the newest question again (for instance when a time has been measured). */
  async askAgain(): Promise<void> {
    if (this.#latest !== null) await this.ask(this.#latest)
  }

  /** Forgets the answers, so that the next question asks everything again (for instance when a data set has arrived). */
  forget(): void {
    this.#partitionKey = ''
  }

  async #askPartition(experiment: Experiment, isNewest: () => boolean): Promise<void> {
    const key = partitionKey(experiment)
    if (key === this.#partitionKey) return
    try {
      const partition = await this.#engine.invoke('preview.partition', { experiment })
      if (!isNewest()) return
      this.#partitionKey = key
      this.partition = partition
      this.partitionError = null
    } catch (error) {
      if (!isNewest()) return
      this.#partitionKey = ''
      this.partition = null
      this.partitionError = messageOf(error)
    }
  }

  async #askPlans(experiment: Experiment, isNewest: () => boolean): Promise<void> {
    const others = ablationArms.filter((method) => method !== experiment.method)
    const answers = await Promise.all(
      [experiment.method, ...others].map(async (method) => {
        const check = checkExperiment({ ...experiment, method })
        if (!check.ok) return { method, plan: null, error: null }
        try {
          return {
            method,
            plan: await this.#engine.invoke('preview.plan', { experiment: check.experiment }),
            error: null,
          }
        } catch (error) {
          return { method, plan: null, error: messageOf(error) }
        }
      }),
    )
    if (!isNewest()) return
    this.plans = Object.fromEntries(answers.flatMap(({ method, plan }) => (plan === null ? [] : [[method, plan]])))
    this.planError = answers.find(({ method }) => method === experiment.method)?.error ?? null
  }
}

function partitionKey(experiment: Experiment): string {
  const data = experimentFieldNames.filter((name) => fieldMetadata(name).group === 'data')
  return JSON.stringify(
    [...data, 'totalClients', 'batchSize', 'seed'].map((name) => experiment[name as ExperimentField]),
  )
}
