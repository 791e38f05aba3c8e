import type { CommandName, CommandReply } from './commands'
import type { EspalierEvent } from './events'

/** What the preload script exposes to the window as `window.espalier`: one way to ask, one way to be told. */
export interface EspalierBridge {
  /** Never rejects for an error of the command itself; that comes back as a reply with `ok: false`. */
  invoke(command: CommandName, input: unknown): Promise<CommandReply>
  /** Absolute path of a file or folder that was dropped on the window; empty when it has none. */
  pathOf(file: File): string
  /** Calls the listener for every event until the returned function is called. */
  onEvent(listener: (event: EspalierEvent) => void): () => void
}
