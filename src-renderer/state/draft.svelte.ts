import { defaultExperiment, type Experiment, type ExperimentField } from '@contract/experiment'
import { checkTexts, experimentTexts, fieldText, type FieldTexts } from './field-text'
import type { PreferencesState } from './preferences.svelte'
import { parseSeeds } from './seeds'

/** The experiment being set up, as typed. The seed field is replaced by a list of seeds. */
export class Draft {
  #texts = $state.raw<FieldTexts>(experimentTexts(defaultExperiment()))
  seedsText = $state('0, 1, 2')
  sessionName = $state('')
  /** Whether runs are added to the open session instead of a new one. */
  intoOpenSession = $state(false)

  readonly #preferences: PreferencesState
  readonly seeds = $derived(parseSeeds(this.seedsText))
  readonly #checked = $derived.by(() => {
    const { words, format } = this.#preferences
    const texts = { ...this.#texts, seed: String(this.seeds?.[0] ?? 0) }
    return checkTexts(texts, words, (value) => format.number(value))
  })
  readonly nameFits = $derived(this.sessionName.trim().length <= 200)
  /** The same experiment as the dynamic arm: an ablation needs it to be valid. */
  readonly ablationFits = $derived(this.experiment === null || this.experiment.sparsity > 0)

  constructor(preferences: PreferencesState) {
    this.#preferences = preferences
  }

  get texts(): FieldTexts {
    return this.#texts
  }

  get experiment(): Experiment | null {
    return this.#checked.experiment
  }

  get problems(): Readonly<Partial<Record<ExperimentField, string>>> {
    return this.#checked.problems
  }

  get problemCount(): number {
    return Object.keys(this.problems).length + (this.seeds === null ? 1 : 0) + (this.nameFits ? 0 : 1)
  }

  set(name: ExperimentField, text: string): void {
    this.#texts = { ...this.#texts, [name]: text }
  }

  reset(name: ExperimentField): void {
    this.set(name, fieldText(defaultExperiment()[name]))
  }

  load(experiment: Experiment): void {
    this.#texts = experimentTexts(experiment)
  }
}
