import { availableParallelism } from 'node:os'
import { kernelsName } from '../engine/trainer/sparse/sparse-trainer'
import { benchmarkExperiment, profiledRound, profileRound, samplesOfRound, timeRounds } from '../host/benchmark'
import { openKernels } from '../host/kernel-source'
import { findKernels, loadKernels } from '../host/kernels'
import { exitCodes } from './exit-codes'
import { wrongInput } from './experiment-flags'

const sparsities = [0, 0.8, 0.95]

/** `bench`: images per second of FedDST's CIFAR-10 network, for every kind of kernels that was found. */
export async function benchmarkMachine(): Promise<number> {
  const workers = availableParallelism()
  console.log(
    `Training FedDST's CIFAR-10 network, batches of 32, ${workers} workers: images per second, forward and backward`,
  )
  console.log(`${''.padEnd(22)}${sparsities.map((sparsity) => `S = ${sparsity}`.padStart(10)).join('')}`)
  for (const found of await findKernels()) {
    if ('problem' in found) {
      console.log(`${`sparse/${found.kind}`.padEnd(22)}  not found: ${found.problem}`)
      continue
    }
    const cells: string[] = []
    for (const sparsity of sparsities) {
      const input = { sparsity, method: 'static', totalClients: 2 * workers, clientsPerRound: 2 * workers } as const
      const short = { ...input, localEpochs: 1 }
      const seconds = Math.min(...(await timeRounds(found.source, workers, 5, short)).map((time) => time.seconds))
      cells.push(Math.round(samplesOfRound(benchmarkExperiment(short)) / seconds).toString())
    }
    const name = kernelsName(openKernels(found.source))
    console.log(`${name.padEnd(22)}${cells.map((cell) => cell.padStart(10)).join('')}`)
  }
  return exitCodes.done
}

/** `bench --profile`: where the time of one round on one thread goes, stage by stage and layer by layer. */
export async function printProfile(sparsity: string): Promise<number> {
  const value = Number(sparsity)
  if (sparsity.trim() === '' || !(value >= 0 && value <= 0.999))
    throw wrongInput('--sparsity', sparsity, 'a number from 0 to 0.999')
  const kernels = openKernels(await loadKernels())
  const profile = await profileRound(kernels, profiledRound(value))
  const total = profile.reduce((sum, { milliseconds }) => sum + milliseconds, 0)
  console.log(
    `One round of FedDST on CIFAR-10 (20 clients × 10 epochs × 125 images, S = ${value}), ${kernelsName(kernels)}, one thread: ${(total / 1000).toFixed(2)} s of processor time`,
  )
  console.log(`${'stage'.padEnd(22)}${'layer'.padEnd(12)}${'ms'.padStart(10)}${'share'.padStart(9)}`)
  for (const { stage, layer, milliseconds } of profile) {
    const share = `${((100 * milliseconds) / total).toFixed(1)} %`
    console.log(
      `${stage.padEnd(22)}${(layer ?? '').padEnd(12)}${milliseconds.toFixed(1).padStart(10)}${share.padStart(9)}`,
    )
  }
  return exitCodes.done
}
