import { createHash } from 'node:crypto'
import { existsSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { kernelsName, type SparseKernels } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { loadAddon, type KernelSource } from '../../src-main/host/kernel-source'
import { findNative } from '../../src-main/host/kernels'

const inResources = (name: string) => fileURLToPath(new URL(`../../resources/kernels/${name}`, import.meta.url))
const bytes = readFileSync(inResources('sparse.wasm'))

/** SHA-256 of the committed kernels. */
export const wasmDigest = createHash('sha256').update(bytes).digest('hex')
/** The committed kernels. */
export const wasmKernels = { kind: 'wasm', module: new WebAssembly.Module(bytes) } as const satisfies KernelSource

/** Where the native kernels of this machine lie when they are built. */
export const nativePath = inResources(`native/sparse-${process.platform}-${process.arch}.node`)

/** The native kernels of every level that this processor has, by name; empty with a printed reason when not built. */
export const nativeKernels: Readonly<Record<string, SparseKernels>> = findLevels()

/** All kernels of this machine by name, the committed ones first. */
export const allKernels: Readonly<Record<string, SparseKernels>> = {
  [kernelsName(wasmKernels)]: wasmKernels,
  ...nativeKernels,
}

function findLevels(): Record<string, SparseKernels> {
  const found = findNative(nativePath, wasmDigest, wasmKernels)
  if ('problem' in found) {
    // What is built from these sources must work; only an addon of other sources is passed over.
    if (existsSync(nativePath) && !found.problem.includes('another version')) throw new Error(found.problem)
    console.warn(`skipped the native kernels: ${found.problem}`)
    return {}
  }
  const addon = loadAddon(nativePath)
  const levels = Object.keys(addon.levels).map((level): SparseKernels => ({ kind: 'native', addon, level }))
  return Object.fromEntries(levels.map((kernels) => [kernelsName(kernels), kernels]))
}
