import type { Readable } from 'node:stream'

/** Kept of what a device's process writes on stderr: its last words tell why it ended. */
const keptCharacters = 2000

/** Listens to the stderr of a device's process. */
export class LastWords {
  #text = ''

  constructor(stderr: Readable | null) {
    stderr?.on('data', (bytes: Buffer) => {
      this.#text = (this.#text + bytes.toString()).slice(-keptCharacters)
    })
  }

  /** Adds what came in another way. */
  add(line: string): void {
    this.#text += `\n${line}`
  }

  /** The last line in brackets, behind a blank; empty where nothing was said. */
  toString(): string {
    const last = this.#text.trim().split('\n').at(-1) ?? ''
    return last === '' ? '' : ` (${last})`
  }
}
