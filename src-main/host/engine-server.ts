import { EspalierError, type CommandReply } from '../contract/commands'
import { messageOf } from '../contract/errors'
import type { EspalierEvent } from '../contract/events'
import { isDeviceNews, type MessagePortLike, type ShellDevices } from './devices/shell-devices'
import type { EngineMessage } from './protocol'

/** The channel to the process that owns the windows: Electron's utility-process port, or that of a forked Node process. */
export interface EnginePort {
  post(message: EngineMessage): void
  /** A message, and the ports that came with it. */
  onMessage(listener: (message: unknown, ports: readonly MessagePortLike[]) => void): void
}

/** What answers the requests. */
export interface Engine {
  handle(command: string, input: unknown): Promise<unknown>
  onEvent(listener: (event: EspalierEvent) => void): () => void
}

/**
 * Serves requests over the port as soon as the engine is there. An engine that cannot be opened answers every request with
 * the reason, so that the window has something to show.
 *
 * @param devices those that the other process drives, where it does
 */
export async function serveEngine(
  port: EnginePort,
  opening: Promise<Engine>,
  devices: ShellDevices | null = null,
): Promise<void> {
  port.onMessage((message, ports) => {
    if (isDeviceNews(message)) {
      devices?.take(message, ports)
      return
    }
    const request = asRequest(message)
    if (request === null) {
      console.error('espalier engine: a message that is no request was ignored')
      return
    }
    void answer(opening, request.command, request.input).then((reply) => {
      port.post({ type: 'reply', id: request.id, reply })
    })
  })
  try {
    const engine = await opening
    engine.onEvent((event) => {
      port.post({ type: 'event', event })
    })
  } catch (error) {
    console.error('espalier engine: cannot be opened:', error)
  }
  port.post({ type: 'ready' })
}

async function answer(opening: Promise<Engine>, command: string, input: unknown): Promise<CommandReply> {
  try {
    return { ok: true, value: await (await opening).handle(command, input) }
  } catch (error) {
    if (error instanceof EspalierError) return { ok: false, error: { kind: error.kind, message: error.message } }
    // Not foreseen: the user gets its words, the log where it came from.
    console.error(`espalier engine: ${command}:`, error)
    return { ok: false, error: { kind: 'failed', message: messageOf(error) } }
  }
}

function asRequest(message: unknown): { id: number; command: string; input: unknown } | null {
  if (typeof message !== 'object' || message === null) return null
  const { id, command, input } = message as Record<string, unknown>
  return typeof id === 'number' && typeof command === 'string' ? { id, command, input } : null
}
