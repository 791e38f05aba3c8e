#!/usr/bin/env node
import { runCommandLine } from './command-line/program'

/** Composition root of the command line: no Electron, the same laboratory as the window. */
process.exitCode = await runCommandLine(process.argv.slice(2))
