import { availableParallelism, cpus } from 'node:os'
import { kernelsName } from '../engine/trainer/sparse/sparse-trainer'
import { openKernels } from '../host/kernel-source'
import { findKernels, loadKernels } from '../host/kernels'
import { exitCodes } from './exit-codes'

/**
 * `devices`: the processor, the kernels of the CPU trainer that were found or why not, and which of them is used. Throws
 * after the list when ESPALIER_KERNELS asks for what is not here.
 */
export async function listDevices(): Promise<number> {
  console.log(`${'CPU'.padEnd(22)} ${cpus().at(0)?.model.trim() ?? 'unknown'}, ${availableParallelism()} threads`)
  for (const found of await findKernels()) {
    if ('problem' in found) console.log(`${`sparse/${found.kind}`.padEnd(22)} not found: ${found.problem}`)
    else console.log(`${kernelsName(openKernels(found.source)).padEnd(22)} found: ${found.path}`)
  }
  console.log(`${'used'.padEnd(22)} ${kernelsName(openKernels(await loadKernels()))}`)
  return exitCodes.done
}
