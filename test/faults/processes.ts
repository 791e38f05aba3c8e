import { fork, spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, readdirSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandReply } from '../../src-main/contract/commands'
import type { RunManifest } from '../../src-main/contract/records'
import type { EngineMessage } from '../../src-main/host/protocol'
import { readSession } from '../../src-main/sessions/read-session'
import { Desktop } from '../desktop'
import { settings } from './settings'

const main = (name: string) => join(settings.application, 'out/main', name)

/** A file of this folder that a Node process loads before its program. */
export function preload(name: string): string[] {
  return ['--import', join(import.meta.dirname, name)]
}

export interface Ended {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
  readonly stdout: string
  readonly stderr: string
}

export interface CommandLineOptions {
  readonly node?: readonly string[]
  readonly environment?: Readonly<Record<string, string>>
  /** The user it runs as; for root alone. */
  readonly user?: number
}

/** The command line in a process group of its own. */
export function startCommandLine(home: string, words: readonly string[], options: CommandLineOptions = {}) {
  const child = spawn(process.execPath, [...(options.node ?? []), main('cli.js'), ...words], {
    detached: true,
    env: { ...process.env, ESPALIER_HOME: home, ...options.environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    ...(options.user === undefined ? {} : { uid: options.user, gid: options.user }),
  })
  const texts = { stdout: '', stderr: '' }
  child.stdout.on('data', (bytes: Buffer) => (texts.stdout += bytes.toString()))
  child.stderr.on('data', (bytes: Buffer) => (texts.stderr += bytes.toString()))
  const ended = once(child, 'close').then((): Ended => ({ code: child.exitCode, signal: child.signalCode, ...texts }))
  return { child, texts, ended }
}

/** The engine process as the desktop starts it, over a plain channel. */
export class Engine {
  private readonly waiting = new Map<number, (reply: CommandReply) => void>()
  private id = 0

  private constructor(private readonly child: ChildProcess) {
    child.on('message', (message: EngineMessage) => {
      if (message.type === 'reply') this.waiting.get(message.id)?.(message.reply)
    })
    child.on('exit', () => {
      for (const answer of this.waiting.values()) answer({ ok: false, error: { kind: 'failed', message: 'it ended' } })
    })
  }

  static async start(home: string, node: readonly string[] = []): Promise<Engine> {
    const child = fork(main('engine-process.js'), {
      execArgv: [...node],
      env: { ...process.env, ESPALIER_HOME: home },
      serialization: 'advanced',
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    })
    const engine = new Engine(child)
    await new Promise<void>((resolve, reject) => {
      child.on('message', (message: EngineMessage) => {
        if (message.type === 'ready') resolve()
      })
      child.once('exit', (code) => {
        reject(new Error(`the engine ended with code ${code} before it was ready`))
      })
    })
    return engine
  }

  /** Rejects in the words of the engine, or when it ends before it has answered. */
  async ask(command: string, input?: unknown): Promise<unknown> {
    const reply = await new Promise<CommandReply>((resolve) => {
      this.waiting.set(++this.id, resolve)
      if (this.child.connected) this.child.send({ id: this.id, command, input })
      else resolve({ ok: false, error: { kind: 'failed', message: 'it ended' } })
    })
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.value
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  async kill(): Promise<void> {
    if (this.hasEnded) return
    this.child.kill('SIGKILL')
    await once(this.child, 'exit')
  }
}

/** The whole application on a data home. */
export function openDesktop(home: string, environment: Readonly<Record<string, string>> = {}): Promise<Desktop> {
  return Desktop.open({ executable: settings.electron, application: settings.application, home, environment })
}

/** The only session in a data home; null before it is there. */
export function onlySession(home: string): string | null {
  const folder = join(home, 'sessions')
  const name = existsSync(folder) ? readdirSync(folder).find((entry) => !entry.startsWith('.')) : undefined
  return name === undefined ? null : join(folder, name)
}

/** The runs of a session as they lie on disk. */
export async function runsOf(folder: string): Promise<readonly RunManifest[]> {
  return (await readSession(folder, 'session')).runs
}

/** Waits until every one of `count` runs has finished. Throws when one has failed, or when nothing changes for minutes. */
export async function allFinished(folder: string, count: number): Promise<void> {
  let last = ''
  let changedAt = performance.now()
  for (;;) {
    const runs = await runsOf(folder)
    if (runs.length === count && runs.every(({ state }) => state === 'finished')) return
    const failed = runs.find(({ state }) => state === 'failed')
    if (failed !== undefined) throw new Error(`a run has failed: ${failed.message}`)
    const now = runs.map(({ state, roundsDone, updatedAt }) => `${state} ${roundsDone} ${updatedAt}`).join(', ')
    if (now !== last) [last, changedAt] = [now, performance.now()]
    else if (performance.now() - changedAt > 300_000) throw new Error(`nothing changes any more: ${now}`)
    await sleep(50)
  }
}
