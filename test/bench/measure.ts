import { cpus } from 'node:os'
import { buildPlan } from '../../src-main/engine/models/build-plan'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { namedStream } from '../../src-main/engine/random/streams'
import {
  createSparseTrainer,
  kernelsName,
  type SparseKernels,
} from '../../src-main/engine/trainer/sparse/sparse-trainer'
import type { ClientTask, Trainer } from '../../src-main/engine/trainer/trainer'
import { everyKernels, median, noiseTask } from './workload'

const repetitions = 7
const imageCount = 320

const networks: Record<string, ModelPlan> = {
  "FedDST's MNIST CNN": buildPlan('feddst-cnn', [1, 28, 28], 10),
  "FedDST's CIFAR-10 CNN": buildPlan('feddst-cnn', [3, 32, 32], 10),
}

/** Prints, as a Markdown table, the CPU time of an epoch of one client in WebAssembly over that of each native level. */
export async function measure(): Promise<void> {
  const kernels = await everyKernels()
  const [reference, ...others] = kernels
  console.log(`${cpus().at(0)?.model ?? 'unknown'}, Node ${process.versions.node}, V8 ${process.versions.v8}`)
  console.log(`${repetitions} epochs of ${imageCount} images, batches of 32; medians of CPU time\n`)
  console.log(`| network | S | ${others.map((one) => `${kernelsName(reference)} ÷ ${kernelsName(one)}`).join(' | ')} |`)
  console.log(`| --- | ---: |${' ---: |'.repeat(others.length)}`)
  for (const [name, plan] of Object.entries(networks)) {
    for (const sparsity of [0, 0.8, 0.9, 0.95]) {
      const [base, ...times] = epochTimes(plan, sparsity, kernels)
      console.log(`| ${name} | ${sparsity} | ${times.map((time) => (base / time).toFixed(2)).join(' | ')} |`)
    }
  }
}

/** Median CPU time of an epoch for each of the kernels, which take turns so that a busy machine slows all alike. */
function epochTimes(plan: ModelPlan, sparsity: number, kernels: readonly SparseKernels[]): number[] {
  const task = taskOf(plan, sparsity)
  const trainers = kernels.map((one) => createSparseTrainer(plan, one))
  for (const trainer of trainers) cpuTime(trainer, task)
  const times = trainers.map((): number[] => [])
  for (let repetition = 0; repetition < repetitions; repetition++) {
    for (const [index, trainer] of trainers.entries()) times[index].push(cpuTime(trainer, task))
  }
  return times.map(median)
}

function cpuTime(trainer: Trainer, task: ClientTask): number {
  const before = process.cpuUsage()
  trainer.trainClient(task)
  const { user, system } = process.cpuUsage(before)
  return user + system
}

function taskOf(plan: ModelPlan, sparsity: number): ClientTask {
  const stream = namedStream(1, `bench/${sparsity}`)
  const mask = Uint8Array.from({ length: plan.prunableCount }, () => (stream.uniform() < sparsity ? 0 : 1))
  return { ...noiseTask(plan, imageCount, 32), mask }
}
