import { existsSync } from 'node:fs'
import { join, resolve } from 'node:path'

/** Ending of an archive, as the system knows it. */
export const archiveExtension = 'espalier'

/** Sessions among the words of a command line: archives by their ending, and session folders. Absolute. */
export function sessionPaths(words: readonly string[], folder: string): string[] {
  return words
    .filter((word) => !word.startsWith('-'))
    .map((word) => resolve(folder, word))
    .filter(
      (path) =>
        (path.toLowerCase().endsWith(`.${archiveExtension}`) && existsSync(path)) ||
        existsSync(join(path, 'session.json')),
    )
}

/** What the system asked to open and the window has not taken yet; the window may still be loading. */
export class Arrivals {
  #paths: string[] = []
  readonly #tell: () => void

  /** @param tell called whenever there is something to take */
  constructor(tell: () => void) {
    this.#tell = tell
  }

  add(paths: readonly string[]): void {
    if (paths.length === 0) return
    this.#paths.push(...paths)
    this.#tell()
  }

  take(): readonly string[] {
    return this.#paths.splice(0)
  }
}
