import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll } from 'vitest'
import { buildApplication, type BuiltApplication } from '../host/build-application'

export interface Ended {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
}

/** The built command line, run as users run it: a process of its own, with a data home that is gone when the file ends. */
export interface Espalier {
  readonly home: string
  readonly entry: string
  run(...words: string[]): Promise<Ended>
  /** Runs until stderr matches, then sends the signal, and waits for the end. */
  stopAt(pattern: RegExp, signal: NodeJS.Signals, ...words: string[]): Promise<Ended>
}

export function builtEspalier(): Espalier {
  const home = mkdtempSync(join(tmpdir(), 'espalier-cli-'))
  let application: BuiltApplication | null = null
  const entry = () => join(application?.folder ?? '', 'out/main/cli.js')
  beforeAll(async () => {
    application = await buildApplication('cli', 'training-worker')
  })
  afterAll(async () => {
    rmSync(home, { recursive: true, force: true })
    await application?.remove()
  })
  const start = (words: readonly string[]) =>
    spawn(process.execPath, [entry(), ...words], {
      cwd: home,
      env: { ...process.env, ESPALIER_HOME: join(home, 'data') },
    })
  return {
    home,
    get entry() {
      return entry()
    },
    run: (...words) => ended(start(words), () => {}),
    stopAt: (pattern, signal, ...words) => {
      const child = start(words)
      let isStopped = false
      return ended(child, (stderr) => {
        if (isStopped || !pattern.test(stderr)) return
        isStopped = true
        child.kill(signal)
      })
    },
  }
}

async function ended(child: ChildProcess, onStderr: (text: string) => void): Promise<Ended> {
  let stdout = ''
  let stderr = ''
  child.stdout?.on('data', (bytes: Buffer) => {
    stdout += bytes.toString()
  })
  child.stderr?.on('data', (bytes: Buffer) => {
    stderr += bytes.toString()
    onStderr(stderr)
  })
  await once(child, 'close')
  return { code: child.exitCode, stdout, stderr }
}

/** A run on real MNIST that takes about a second. */
export const smallRun = [
  '--model',
  'lenet-300-100',
  '--samples-per-client',
  '40',
  '--total-clients',
  '3',
  '--clients',
  '2',
  '--batch-size',
  '8',
  '--eta',
  '0.05',
]
