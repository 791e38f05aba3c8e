import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { SparseKernels } from '../../src-main/engine/trainer/sparse/sparse-trainer'

/** The committed kernels. */
export const sparseKernels: SparseKernels = {
  module: new WebAssembly.Module(
    readFileSync(fileURLToPath(new URL('../../resources/kernels/sparse.wasm', import.meta.url))),
  ),
}
