import { readFile } from 'node:fs/promises'
import { EspalierError } from '../contract/commands'
import { buildPlan } from '../engine/models/build-plan'
import { createSparseTrainer, type SparseKernels } from '../engine/trainer/sparse/sparse-trainer'
import { resourcePath } from './application-files'

let compiled: Promise<SparseKernels> | null = null

/** The kernels of the CPU trainer, compiled once per process. Throws when the application is incomplete. */
export function loadKernels(): Promise<SparseKernels> {
  compiled ??= compile(resourcePath('kernels', 'sparse.wasm'))
  return compiled
}

/** What the CPU trainer calls itself in a manifest. */
export async function describeTrainer(): Promise<string> {
  const trainer = createSparseTrainer(buildPlan('lenet-300-100', [1, 28, 28], 10), await loadKernels())
  trainer.dispose()
  return trainer.description
}

async function compile(path: string): Promise<SparseKernels> {
  try {
    return { module: await WebAssembly.compile(await readFile(path)) }
  } catch (error) {
    throw new EspalierError('failed', `The CPU kernels cannot be loaded from ${path}; install Espalier again.`, {
      cause: error,
    })
  }
}
