// node --import: this process or one of its threads misbehaves once, as FAULT_MISBEHAVE says; FAULT_ONCE is a file that is
// there afterwards.
//
//   throw, hang, out-of-memory   the training thread, at the third client it is given
//   hang-at-first                the training thread, at the first client it is given
//   no-memory                    the kernels of the training thread, which ask for more once: there is none
//   process-out-of-memory        the whole process, when it replaces a checkpoint
//   clock                        a day is taken off the clock when it replaces a checkpoint
import { existsSync, writeFileSync } from 'node:fs'
import { isMainThread, parentPort } from 'node:worker_threads'
import { hookDisk } from './disk-hook.mjs'

const fault = process.env['FAULT_MISBEHAVE'] ?? ''
const once = process.env['FAULT_ONCE'] ?? ''
/** Given to this thread so far. */
let clients = 0

function isFirst() {
  if (existsSync(once)) return false
  writeFileSync(once, '')
  return true
}

function fillMemory() {
  const kept = []
  for (;;) kept.push(Array.from({ length: 1000 }, Math.random))
}

if (isMainThread) {
  hookDisk(({ kind, path }) => {
    if (kind !== 'rename' || !path.includes('checkpoints')) return
    if (fault === 'process-out-of-memory' && isFirst()) fillMemory()
    if (fault === 'clock' && isFirst()) setClockBack(24 * 3_600_000)
  })
} else {
  if (fault === 'no-memory') refuseMemory()
  const at = { throw: 3, hang: 3, 'out-of-memory': 3, 'hang-at-first': 1 }[fault]
  listenBefore(parentPort, ({ type }) => {
    if (type !== 'train' || ++clients !== at || !isFirst()) return
    if (fault === 'throw') throw new Error('something nobody thought of')
    if (fault === 'out-of-memory') fillMemory()
    for (;;);
  })
}

/** What V8 says where the system has no more memory. */
function refuseMemory() {
  // Called with its own memory below.
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const grow = WebAssembly.Memory.prototype.grow
  WebAssembly.Memory.prototype.grow = function (/** @type {number} */ pages) {
    if (isFirst()) throw new RangeError('WebAssembly.Memory.grow(): Unable to grow instance memory')
    return grow.call(this, pages)
  }
}

/**
 * Hears messages ahead of the program. A listener of our own would open the port before the program listens.
 * @param {import('node:worker_threads').MessagePort | null} port
 * @param {(message: { type: string }) => void} before
 */
function listenBefore(port, before) {
  if (port === null) return
  const on = port.on.bind(port)
  port.on = (/** @type {string} */ event, /** @type {(given: any) => void} */ listener) =>
    on(/** @type {'message'} */ (event), (given) => {
      if (event === 'message') before(given)
      listener(given)
    })
}

/** @param {number} milliseconds */
function setClockBack(milliseconds) {
  const RealDate = Date
  // @ts-expect-error: only what the application uses of Date
  globalThis.Date = class extends RealDate {
    /** @param {any[]} given */
    constructor(...given) {
      // @ts-expect-error: Date has several forms
      super(...(given.length === 0 ? [RealDate.now() - milliseconds] : given))
    }
    /** @override */
    static now() {
      return RealDate.now() - milliseconds
    }
  }
}
