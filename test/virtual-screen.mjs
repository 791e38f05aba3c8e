// A screen for windows on a machine without one.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { delimiter, join } from 'node:path'

/**
 * Starts Xvfb on a free display number; null where there is none.
 * @returns {Promise<{ display: string, close: () => void } | null>}
 */
export async function virtualScreen() {
  const program = inPath('Xvfb')
  if (program === null) return null
  const options = ['-displayfd', '3', '-screen', '0', '1600x1000x24', '-nolisten', 'tcp']
  const server = spawn(program, options, { stdio: ['ignore', 'ignore', 'ignore', 'pipe'] })
  const numbers = /** @type {import('node:stream').Readable} */ (server.stdio[3])
  const number = await Promise.race([
    once(numbers, 'data').then(([bytes]) => String(bytes).trim()),
    once(server, 'exit').then(() => null),
  ])
  if (number === null) return null
  return {
    display: `:${number}`,
    close: () => {
      server.kill()
    },
  }
}

/**
 * Where a program lies, or null.
 * @param {string} program
 */
export function inPath(program) {
  const folders = (process.env['PATH'] ?? '').split(delimiter)
  return folders.map((folder) => join(folder, program)).find((path) => existsSync(path)) ?? null
}
