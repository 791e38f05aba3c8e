import { chromium, type Browser, type Page } from '@playwright/test'
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { readdirSync, readFileSync } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import type { CommandName, CommandOutput, CommandReply } from '../src-main/contract/commands'
import type { EspalierBridge } from '../src-main/contract/bridge'

/** One process, as /proc shows it. */
export interface ProcessFigures {
  readonly pid: number
  readonly residentMegabytes: number
  readonly handles: number
  readonly threads: number
}

export type ProcessKind = 'main' | 'window' | 'engine' | 'other'

export interface DesktopOptions {
  readonly executable: string
  /** Folder of the application, where the executable is Electron alone. */
  readonly application?: string
  readonly home: string
  readonly environment?: Readonly<Record<string, string>>
}

/**
 * The whole application in a process group of its own, so that it can die as a whole. The page is reached through Chromium's
 * debugging port: the fuses of the packaged application keep Playwright's way into the main process shut.
 */
export class Desktop {
  private constructor(
    private readonly child: ChildProcess,
    private readonly browser: Browser,
    readonly page: Page,
    /** How it was started. */
    readonly command: readonly string[],
    readonly environment: NodeJS.ProcessEnv,
  ) {}

  static async open({ executable, application, home, environment }: DesktopOptions): Promise<Desktop> {
    const options = process.getuid?.() === 0 ? ['--no-sandbox'] : []
    if (application !== undefined) options.push(application)
    const env = { ...process.env, ESPALIER_HOME: home, ESPALIER_CONFIRM_QUIT: '0', LANGUAGE: 'en', ...environment }
    const child = spawn(executable, ['--remote-debugging-port=0', ...options], {
      detached: true,
      env,
      stdio: ['ignore', 'ignore', 'pipe'],
    })
    let printed = ''
    const address = await new Promise<string>((found, failed) => {
      child.stderr.on('data', (bytes: Buffer) => {
        printed += bytes.toString()
        const match = /DevTools listening on (\S+)/.exec(printed)?.[1]
        if (match !== undefined) found(match)
      })
      child.once('exit', () => {
        failed(new Error(`the application ended: ${printed}`))
      })
    })
    try {
      const browser = await chromium.connectOverCDP(address, { timeout: 120_000 })
      const [context] = browser.contexts()
      const page = context.pages().at(0) ?? (await context.waitForEvent('page', { timeout: 120_000 }))
      await page.waitForFunction(() => document.documentElement.dataset['appState'] === 'loaded', null, {
        timeout: 120_000,
      })
      return new Desktop(child, browser, page, [executable, ...options], env)
    } catch (error) {
      if (child.pid !== undefined) process.kill(-child.pid, 'SIGKILL')
      throw error
    }
  }

  get pid(): number {
    return this.child.pid ?? 0
  }

  /** One command of the window to the engine. */
  async ask<Name extends CommandName>(command: Name, input?: unknown): Promise<CommandOutput<Name>> {
    const reply = await this.page.evaluate<CommandReply, [CommandName, unknown]>(
      ([name, given]) => (globalThis as unknown as { espalier: EspalierBridge }).espalier.invoke(name, given),
      [command, input],
    )
    if (!reply.ok) throw new Error(reply.error.message)
    return reply.value as CommandOutput<Name>
  }

  /** Every process of the application at this moment. */
  figures(): (ProcessFigures & { readonly kind: ProcessKind })[] {
    return processesOfGroup(this.pid).map((pid) => ({ kind: this.#kindOf(pid), ...processFigures(pid) }))
  }

  get hasEnded(): boolean {
    return this.child.exitCode !== null || this.child.signalCode !== null
  }

  /** Waits until another engine process than `ended` is there and answers. */
  async engineAfter(ended: number): Promise<void> {
    while (!this.figures().some(({ kind, pid }) => kind === 'engine' && pid !== ended)) await sleep(50)
    await this.ask('queue.get')
  }

  #kindOf(pid: number): ProcessKind {
    if (pid === this.pid) return 'main'
    const words = procFile(pid, 'cmdline')
    if (words.includes('--type=renderer')) return 'window'
    return words.includes('node.mojom.NodeService') ? 'engine' : 'other'
  }

  /** Everything dies at once, as when the power of the session goes. */
  async kill(): Promise<void> {
    const ended = this.#ended()
    process.kill(-this.pid, 'SIGKILL')
    await ended
    await this.#disconnect()
  }

  /** Sends a signal to every process of the application. */
  signal(signal: NodeJS.Signals): void {
    if (processesOfGroup(this.pid).length > 0) process.kill(-this.pid, signal)
  }

  /** Ends in order; gives the exit code. */
  async quit(): Promise<number | null> {
    const ended = this.#ended()
    process.kill(this.pid, 'SIGTERM')
    await ended
    await this.#disconnect()
    return this.child.exitCode
  }

  async #ended(): Promise<void> {
    if (!this.hasEnded) await once(this.child, 'exit')
  }

  async #disconnect(): Promise<void> {
    await this.browser.close().catch(() => undefined)
  }
}

/** Figures of one process at this moment; zeros when it has ended. */
export function processFigures(pid: number): ProcessFigures {
  return {
    pid,
    residentMegabytes: Number(/VmRSS:\s+(\d+)/.exec(procFile(pid, 'status'))?.[1] ?? 0) / 1024,
    handles: listProc(pid, 'fd').length,
    threads: listProc(pid, 'task').length,
  }
}

function processesOfGroup(group: number): number[] {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((pid) => {
      // Behind the name in brackets: state, parent, process group.
      const fields = procFile(pid, 'stat').split(') ').at(-1)?.split(' ') ?? []
      return Number(fields[2]) === group && fields[0] !== 'Z'
    })
}

function procFile(pid: number, name: string): string {
  try {
    return readFileSync(`/proc/${pid}/${name}`, 'utf8')
  } catch {
    // It has ended meanwhile.
    return ''
  }
}

function listProc(pid: number, name: string): string[] {
  try {
    return readdirSync(`/proc/${pid}/${name}`)
  } catch {
    return []
  }
}
