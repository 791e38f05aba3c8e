// Stands between the application and the disk: hears every change of a file before it is made, and may end it.
import { promises as files } from 'node:fs'
import { syncBuiltinESMExports } from 'node:module'

/**
 * One change of a file. `half` makes the first half of a write only.
 * @typedef {{ kind: 'create' | 'write' | 'sync' | 'truncate' | 'close' | 'rename' | 'remove' | 'folder', path: string, half: () => Promise<void> }} Change
 */

const nothing = () => Promise.resolve()

/**
 * Calls `before` ahead of every change; what it throws is what the change throws. Returns a function that takes the hook out.
 * @param {(change: Change) => void | Promise<void>} before
 */
export function hookDisk(before) {
  const original = { ...files }
  /**
   * @param {Change['kind']} kind
   * @param {'rename' | 'rm' | 'mkdir' | 'copyFile'} name
   */
  const wrap = (kind, name) => {
    const real = /** @type {(...given: any[]) => Promise<unknown>} */ (original[name])
    // @ts-expect-error: one wrapper for functions of different types
    files[name] = async (/** @type {any[]} */ ...given) => {
      await before({ kind, path: String(given[name === 'copyFile' ? 1 : 0]), half: nothing })
      return real(...given)
    }
  }
  wrap('rename', 'rename')
  wrap('remove', 'rm')
  wrap('folder', 'mkdir')
  wrap('write', 'copyFile')
  files.open = async (path, flags, mode) => {
    const isWritten = flags !== undefined && flags !== 'r'
    if (isWritten) await before({ kind: 'create', path: String(path), half: nothing })
    const handle = await original.open(path, flags, mode)
    return isWritten ? hookHandle(handle, String(path), before) : handle
  }
  syncBuiltinESMExports()
  return () => {
    Object.assign(files, original)
    syncBuiltinESMExports()
  }
}

/**
 * @param {import('node:fs/promises').FileHandle} handle
 * @param {string} path
 * @param {(change: Change) => void | Promise<void>} before
 */
function hookHandle(handle, path, before) {
  for (const name of /** @type {const} */ (['writeFile', 'appendFile'])) {
    const real = handle[name].bind(handle)
    handle[name] = async (/** @type {any} */ data, /** @type {any} */ options) => {
      const bytes = Buffer.from(data)
      await before({ kind: 'write', path, half: () => real(bytes.subarray(0, bytes.length / 2)) })
      return real(bytes, options)
    }
  }
  for (const [kind, name] of /** @type {const} */ ([
    ['sync', 'sync'],
    ['truncate', 'truncate'],
  ])) {
    const real = /** @type {(...given: any[]) => Promise<void>} */ (handle[name].bind(handle))
    handle[name] = async (/** @type {any[]} */ ...given) => {
      await before({ kind, path, half: nothing })
      return real(...given)
    }
  }
  return handle
}
