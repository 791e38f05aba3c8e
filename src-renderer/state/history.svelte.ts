/** Edits of the same thing within this time are undone together, so that a word is one step and not its letters. */
const togetherMilliseconds = 900
const mostSteps = 200

/** A value that can go back to what it was. The value itself is never changed in place. */
export class History<Value> {
  #value = $state.raw() as Value
  #past = $state.raw<readonly Value[]>([])
  #future = $state.raw<readonly Value[]>([])
  #lastSubject = ''
  #lastChange = Number.NEGATIVE_INFINITY

  constructor(value: Value) {
    this.#value = value
  }

  get value(): Value {
    return this.#value
  }

  get canUndo(): boolean {
    return this.#past.length > 0
  }

  get canRedo(): boolean {
    return this.#future.length > 0
  }

  /** Changes the value. `subject` names what is being edited; an empty one is a step of its own. */
  set(value: Value, subject: string, now = performance.now()): void {
    const together = subject !== '' && subject === this.#lastSubject && now - this.#lastChange < togetherMilliseconds
    if (!together) this.#past = [...this.#past, this.#value].slice(-mostSteps)
    this.#future = []
    this.#value = value
    this.#lastSubject = subject
    this.#lastChange = now
  }

  undo(): void {
    const before = this.#past.at(-1)
    if (before === undefined) return
    this.#past = this.#past.slice(0, -1)
    this.#future = [this.#value, ...this.#future]
    this.#value = before
    this.#lastSubject = ''
  }

  redo(): void {
    const next = this.#future.at(0)
    if (next === undefined) return
    this.#future = this.#future.slice(1)
    this.#past = [...this.#past, this.#value]
    this.#value = next
    this.#lastSubject = ''
  }
}
