import { messageOf } from '@contract/errors'

export interface MessageAction {
  readonly label: string
  readonly run: () => void
}

export interface Message {
  readonly id: number
  readonly kind: 'error' | 'note'
  readonly title: string
  /** Details, for an error what to do. */
  readonly text: string
  readonly action: MessageAction | null
}

/** Long enough to read a note and press its button. */
const noteMilliseconds = 12_000

/** Short messages over the page. Errors stay until dismissed; notes leave by themselves. */
export class Messages {
  list = $state.raw<readonly Message[]>([])
  #nextId = 1
  readonly #said: (text: string) => string

  /** @param said puts what the engine says into the language of the window */
  constructor(said: (text: string) => string) {
    this.#said = said
  }

  error(title: string, cause: unknown): void {
    const text = this.#said(messageOf(cause))
    // The same failure again (for instance from a preview) does not pile up.
    if (this.list.some((message) => message.kind === 'error' && message.text === text)) return
    this.#add({ kind: 'error', title, text, action: null })
  }

  note(title: string, action: MessageAction | null = null): void {
    const id = this.#add({ kind: 'note', title, text: '', action })
    setTimeout(() => {
      this.dismiss(id)
    }, noteMilliseconds)
  }

  dismiss(id: number): void {
    this.list = this.list.filter((message) => message.id !== id)
  }

  #add(message: Omit<Message, 'id'>): number {
    const id = this.#nextId++
    this.list = [...this.list, { id, ...message }]
    return id
  }
}
