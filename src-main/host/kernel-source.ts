import { createRequire } from 'node:module'
import type { NativeAddon, SparseKernels } from '../engine/trainer/sparse/sparse-trainer'

/** The CPU trainer's kernels as one thread hands them to another; an addon must be loaded by every thread itself. */
export type KernelSource =
  | { readonly kind: 'wasm'; readonly module: WebAssembly.Module }
  | { readonly kind: 'native'; readonly path: string; readonly level: string }

/** The kernels for the calling thread. Throws when an addon cannot be loaded. */
export function openKernels(source: KernelSource): SparseKernels {
  if (source.kind === 'wasm') return source
  return { kind: 'native', addon: loadAddon(source.path), level: source.level }
}

/** Loads the addon into the calling thread. */
export function loadAddon(path: string): NativeAddon {
  return createRequire(path)(path) as NativeAddon
}
