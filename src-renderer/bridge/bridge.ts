import { EspalierError } from '@contract/commands'
import type { CommandInput, CommandName, CommandOutput } from '@contract/commands'
import type { EspalierBridge } from '@contract/bridge'
import type { EspalierEvent } from '@contract/events'

declare global {
  interface Window {
    /** Set by the preload script; missing only when the page was opened outside the application. */
    readonly espalier?: EspalierBridge
  }
}

/** The bridge with the types of the contract, and replies turned back into values and errors. */
export interface Engine {
  /** Throws the EspalierError of an error reply. */
  invoke<Name extends CommandName>(
    ...call: undefined extends CommandInput<Name>
      ? [name: Name, input?: CommandInput<Name>]
      : [name: Name, input: CommandInput<Name>]
  ): Promise<CommandOutput<Name>>
  pathOf(file: File): string
  onEvent(listener: (event: EspalierEvent) => void): () => void
}

export function createEngine(bridge: EspalierBridge): Engine {
  return {
    async invoke<Name extends CommandName>(name: Name, input?: CommandInput<Name>) {
      const reply = await bridge.invoke(name, input)
      if (!reply.ok) throw new EspalierError(reply.error.kind, reply.error.message)
      // The shell answers each command with the output that the contract names for it.
      return reply.value as CommandOutput<Name>
    },
    pathOf: (file) => bridge.pathOf(file),
    onEvent: (listener) => bridge.onEvent(listener),
  }
}
