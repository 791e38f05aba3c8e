import { createRequire } from 'node:module'

/**
 * Gives Node's `util` back two functions that Node 23 removed and that TensorFlow.js 4.22 calls for tensors of strings and
 * attributes of operations (repaired upstream, never released). Must come before its import. For processes that do nothing
 * but train.
 */
export function repairNodeUtil(
  util: Record<string, unknown> = createRequire(import.meta.url)('node:util') as Record<string, unknown>,
): void {
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined
  util['isArray'] ??= Array.isArray
}
