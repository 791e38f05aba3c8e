// node --import: this process kills itself at the Nth change of a file, before it or in its middle.
// FAULT_KILL_AT="N" or "N half"; FAULT_COUNT=FILE writes the number of changes there when the process ends by itself.
import { writeFileSync } from 'node:fs'
import { isMainThread } from 'node:worker_threads'
import { hookDisk } from './disk-hook.mjs'

const [at, part] = (process.env['FAULT_KILL_AT'] ?? '').split(' ')
const countFile = process.env['FAULT_COUNT']

if (isMainThread) {
  let changes = 0
  hookDisk(async ({ half }) => {
    if (changes++ !== Number(at === '' ? -1 : at)) return
    if (part === 'half') await half()
    process.kill(process.pid, 'SIGKILL')
    // Nothing may go on until the signal has come.
    await new Promise(() => undefined)
  })
  if (countFile !== undefined) {
    process.on('exit', () => {
      writeFileSync(countFile, String(changes))
    })
  }
}
