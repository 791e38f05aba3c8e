import { commandLineOf, parseCommandLine } from '@contract/command-line'
import { EspalierError } from '@contract/commands'
import { defaultExperiment, experimentFieldNames, type Experiment, type ExperimentField } from '@contract/experiment'
import { experimentsOf, staticReferences, sweepCells, type SweepCell } from '@contract/sweep'
import type { Template } from '@contract/template'
import { checkTexts, experimentTexts, fieldText, withMethodDefaults, type FieldTexts } from './field-text'
import { History } from './history.svelte'
import type { PreferencesState } from './preferences.svelte'
import { parseSeeds } from './seeds'
import { axisOf, axisTexts, firstAxisTexts, type AxisTexts } from './sweep-texts'

interface DraftState {
  readonly texts: FieldTexts
  readonly axes: readonly AxisTexts[]
  readonly withStatic: boolean
  readonly seedsText: string
}

/** What a sweep would run. */
export interface DraftedSweep {
  readonly cells: readonly SweepCell[]
  readonly references: readonly SweepCell[]
  readonly experiments: readonly Experiment[]
  /** Why it is none as a whole, in words; empty when it is one. */
  readonly problem: string
}

const noSweep: DraftedSweep = { cells: [], references: [], experiments: [], problem: '' }

/** The experiment being set up, as typed, and what varies. The seed field is replaced by a list of seeds. */
export class Draft {
  readonly #history = new History<DraftState>({
    texts: experimentTexts(defaultExperiment()),
    axes: [],
    withStatic: false,
    seedsText: '0, 1, 2',
  })
  sessionName = $state('')
  /** Whether runs are added to the open session instead of a new one. */
  intoOpenSession = $state(false)

  readonly #preferences: PreferencesState
  readonly seeds = $derived(parseSeeds(this.seedsText))
  readonly #checked = $derived.by(() => {
    const { words, format } = this.#preferences
    const texts = { ...this.texts, seed: String(this.seeds?.[0] ?? 0) }
    return checkTexts(texts, words, (value) => format.number(value))
  })
  readonly nameFits = $derived(this.sessionName.trim().length <= 200)
  /** The same experiment as the dynamic arm: an ablation needs it to be valid. */
  readonly ablationFits = $derived(this.experiment === null || this.experiment.sparsity > 0)
  readonly sweep = $derived.by(() => this.#sweep())

  constructor(preferences: PreferencesState) {
    this.#preferences = preferences
  }

  get texts(): FieldTexts {
    return this.#history.value.texts
  }

  get axes(): readonly AxisTexts[] {
    return this.#history.value.axes
  }

  get withStatic(): boolean {
    return this.#history.value.withStatic
  }

  get seedsText(): string {
    return this.#history.value.seedsText
  }

  set seedsText(seedsText: string) {
    this.#change({ seedsText }, 'seeds')
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

  get canUndo(): boolean {
    return this.#history.canUndo
  }

  get canRedo(): boolean {
    return this.#history.canRedo
  }

  undo(): void {
    this.#history.undo()
  }

  redo(): void {
    this.#history.redo()
  }

  set(name: ExperimentField, text: string): void {
    const texts = { ...this.texts, [name]: text }
    this.#change({ texts: name === 'method' ? withMethodDefaults(this.texts, texts) : texts }, name)
  }

  reset(name: ExperimentField): void {
    this.#change({ texts: { ...this.texts, [name]: fieldText(defaultExperiment()[name]) } })
  }

  /** Every field back to its default, and nothing varies. */
  resetAll(): void {
    this.#change({ texts: experimentTexts(defaultExperiment()), axes: [], withStatic: false })
  }

  load(experiment: Experiment): void {
    this.#change({ texts: experimentTexts(experiment) })
  }

  apply({ experiment, axes, withStatic, seeds }: Template): void {
    this.#change({
      texts: experimentTexts(experiment),
      axes: axes.map(axisTexts),
      withStatic,
      seedsText: seeds.join(', '),
    })
  }

  /** Takes over a command line of Espalier, FedDST or the seed; what it does not name has its default. Returns the flags without a field. */
  paste(commandLine: string): readonly string[] {
    const { values, axes, seeds, ignored } = parseCommandLine(commandLine)
    const texts = { ...experimentTexts(defaultExperiment()) }
    for (const name of experimentFieldNames) {
      const value = values[name]
      if (value !== undefined) texts[name] = fieldText(value)
    }
    const seedsText = seeds === null ? this.seedsText : seeds.join(', ')
    this.#change({ texts, axes: axes.map(axisTexts), withStatic: false, seedsText })
    return ignored
  }

  /** The command line that runs the same; null while a field does not fit. */
  get commandLine(): string | null {
    if (this.experiment === null || this.seeds === null) return null
    return commandLineOf(this.experiment, this.axes.map(axisOf), this.seeds)
  }

  addAxis(field: ExperimentField): void {
    this.#change({ axes: [...this.axes, firstAxisTexts(field, this.texts[field])] })
  }

  setAxis(index: number, text: string): void {
    const axes = this.axes.map((axis, at) => (at === index ? { ...axis, text } : axis))
    this.#change({ axes }, `axis ${index}`)
  }

  removeAxis(index: number): void {
    this.#change({ axes: this.axes.filter((_, at) => at !== index) })
  }

  setWithStatic(withStatic: boolean): void {
    this.#change({ withStatic })
  }

  #change(change: Partial<DraftState>, subject = ''): void {
    this.#history.set({ ...this.#history.value, ...change }, subject)
  }

  #sweep(): DraftedSweep {
    const { experiment, seeds } = this
    if (experiment === null || seeds === null || this.axes.length === 0) return noSweep
    try {
      const axes = this.axes.map(axisOf)
      const cells = sweepCells(experiment, axes, seeds)
      const references = this.withStatic ? staticReferences(experiment, axes, seeds) : []
      const planned = experimentsOf([...references, ...cells])
      const distinct = Object.fromEntries(planned.map((one) => [JSON.stringify(one), one]))
      return { cells, references, experiments: Object.values(distinct), problem: '' }
    } catch (error) {
      if (!(error instanceof EspalierError)) throw error
      return { ...noSweep, problem: error.message }
    }
  }
}
