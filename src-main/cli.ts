#!/usr/bin/env node
import { runCommandLine } from './command-line/program'

/** Composition root of the command line: no Electron, the same laboratory as the window. */

// A reader that has seen enough, such as `head`, is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code !== 'EPIPE') throw error
})

process.exitCode = await runCommandLine(process.argv.slice(2))
