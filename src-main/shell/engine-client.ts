import type { MessagePortMain } from 'electron'
import type { CommandReply } from '../contract/commands'
import type { EspalierEvent } from '../contract/events'
import type { DeviceNews } from '../host/devices/shell-devices'
import type { EngineMessage, EngineRequest } from '../host/protocol'
import { DeviceDrivers, type StartDriver } from './device-drivers'

/** What the client needs of Electron's utility process. */
export interface EngineProcess {
  postMessage(message: EngineRequest | DeviceNews, ports?: MessagePortMain[]): void
  on(event: 'message', listener: (message: EngineMessage) => void): unknown
  on(event: 'exit', listener: (code: number) => void): unknown
  on(event: 'error', listener: (kind: string, location: string) => void): unknown
  kill(): boolean
}

/** A process that ends sooner than this after its start has ended quickly. */
const quickMilliseconds = 30_000
/** After this many quick ends in a row the process is not started again. */
const quickEndsAllowed = 2
const restartMilliseconds = 500
const shutdownMilliseconds = 15_000

interface Pending {
  readonly request: EngineRequest
  readonly answer: (reply: CommandReply) => void
}

/**
 * Talks to the process the engine lives in: requests with ids, events, and what happens when the process ends without
 * being asked to. A request never hangs: it is answered by the engine, or in words when the engine is lost.
 */
export class EngineClient {
  readonly #fork: () => EngineProcess
  readonly #tell: (event: EspalierEvent) => void
  /** Called whenever a fresh process is ready. */
  readonly #greet: () => void
  readonly #devices: DeviceDrivers
  readonly #pending = new Map<number, Pending>()
  #process: EngineProcess | null = null
  #ready = false
  #closing = false
  #isRestarting = false
  #nextId = 1
  #startedAt = 0
  #quickEnds = 0

  constructor(options: {
    readonly fork: () => EngineProcess
    readonly startDriver: StartDriver
    readonly onEvent: (event: EspalierEvent) => void
    readonly onReady: () => void
  }) {
    this.#fork = options.fork
    this.#tell = options.onEvent
    this.#greet = options.onReady
    this.#devices = new DeviceDrivers(options.startDriver, (news, ports) => {
      this.#process?.postMessage(news, ports)
    })
  }

  start(): void {
    const child = this.#fork()
    this.#process = child
    this.#startedAt = Date.now()
    child.on('message', (message) => {
      this.#receive(message)
    })
    // A fatal error of V8; the exit follows. Without a listener it would end this process too.
    child.on('error', (kind, location) => {
      console.error(`engine process: ${kind} at ${location}`)
    })
    child.on('exit', (code) => {
      this.#ended(code)
    })
  }

  /** Asks the engine; a request made before the process is ready waits for it. */
  request(command: EngineRequest['command'], input: unknown): Promise<CommandReply> {
    if (this.#process === null && this.#quickEnds >= quickEndsAllowed) return Promise.resolve(lost(givenUp))
    const request = { id: this.#nextId++, command, input }
    return new Promise((answer) => {
      this.#pending.set(request.id, { request, answer })
      if (this.#ready) this.#process?.postMessage(request)
    })
  }

  /** Ends the process in order and starts a fresh one; requests made meanwhile wait for it. */
  async restart(): Promise<void> {
    if (this.#process === null) return
    this.#isRestarting = true
    await this.#end()
  }

  /** Has the engine stop every run at its last checkpoint, then ends its process; never takes longer than a bounded wait. */
  async shutdown(): Promise<void> {
    this.#closing = true
    await this.#end()
  }

  async #end(): Promise<void> {
    if (this.#ready) {
      let timer: NodeJS.Timeout | undefined
      const patience = new Promise<void>((resolve) => {
        timer = setTimeout(resolve, shutdownMilliseconds)
      })
      await Promise.race([this.request('host.shutdown', undefined), patience])
      clearTimeout(timer)
    }
    this.#process?.kill()
  }

  #receive(message: EngineMessage): void {
    if (message.type === 'event') {
      this.#tell(message.event)
    } else if (message.type === 'reply') {
      this.#pending.get(message.id)?.answer(message.reply)
      this.#pending.delete(message.id)
    } else if (message.type === 'device-wanted' || message.type === 'device-released') {
      this.#devices.receive(message)
    } else {
      this.#ready = true
      this.#greet()
      for (const { request } of this.#pending.values()) this.#process?.postMessage(request)
    }
  }

  #ended(code: number): void {
    this.#process = null
    this.#ready = false
    this.#devices.endAll()
    if (this.#isRestarting && !this.#closing) {
      this.#isRestarting = false
      this.start()
      return
    }
    this.#quickEnds = Date.now() - this.#startedAt < quickMilliseconds ? this.#quickEnds + 1 : 0
    const restart = !this.#closing && this.#quickEnds < quickEndsAllowed
    const words = `the engine process ended unexpectedly (exit code ${code}); ${restart ? restarting : givenUp}`
    for (const { answer } of this.#pending.values()) answer(lost(words))
    this.#pending.clear()
    if (this.#closing) return
    this.#tell({ type: 'engine.lost', message: words })
    if (restart)
      setTimeout(() => {
        this.start()
      }, restartMilliseconds)
  }
}

const restarting = 'it is starting again, and interrupted runs can be resumed from their last checkpoint'
const givenUp = 'it ended twice in short time and stays down; quit Espalier and open it again, nothing recorded is lost'

function lost(message: string): CommandReply {
  return { ok: false, error: { kind: 'failed', message } }
}
