import { mkdtemp, rm } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Device } from '../../src-main/contract/devices'
import { experimentSchema, type ExperimentInput } from '../../src-main/contract/experiment'
import { prepareModel } from '../../src-main/engine/methods/prepare-model'
import { DeviceMissing } from '../../src-main/host/devices/device-errors'
import { forkDevices } from '../../src-main/host/devices/fork-devices'
import { loadKernels } from '../../src-main/host/kernels'
import { WorkerPool } from '../../src-main/host/worker-pool'
import { modelOfDensity, noiseImages, trainBurst } from '../../src-main/runs/bursts'
import { Devices } from '../../src-main/runs/devices'
import { dataHome } from '../../src-main/sessions/home'

interface Contestant {
  readonly name: string
  readonly device: Device
  readonly clientsAtOnce: number
}

interface Contest {
  readonly title: string
  readonly input: ExperimentInput
  readonly shape: readonly [number, number, number]
  readonly clients: number
  /** Steps of each client in a round. */
  readonly steps: number
  readonly repetitions: number
  readonly sparsities: readonly number[]
  readonly contestants: readonly Contestant[]
}

const sparse: Contestant = { name: 'sparse', device: 'cpu', clientsAtOnce: 1 }
const tensorflow: Contestant = { name: 'tensorflow-cpu', device: 'tensorflow-cpu', clientsAtOnce: 1 }
const together: Contestant = { name: 'tensorflow-cpu, 8 at once', device: 'tensorflow-cpu', clientsAtOnce: 8 }

const contests: readonly Contest[] = [
  {
    title: "FedDST's CIFAR-10 CNN, 8 clients of 2 steps, batches of 32",
    input: { dataset: 'cifar10', model: 'feddst-cnn', batchSize: 32 },
    shape: [3, 32, 32],
    clients: 8,
    steps: 2,
    repetitions: 3,
    sparsities: [0, 0.5, 0.8, 0.9, 0.95],
    contestants: [sparse, tensorflow, together],
  },
  {
    title: 'LeNet-300-100 on MNIST, 8 clients of 8 steps, batches of 8',
    input: { model: 'lenet-300-100', batchSize: 8 },
    shape: [1, 28, 28],
    clients: 8,
    steps: 8,
    repetitions: 5,
    sparsities: [0, 0.5, 0.8, 0.9, 0.95],
    contestants: [sparse, tensorflow, together],
  },
  {
    title: 'toy size: LeNet-300-100 on MNIST, 2 clients of 1 step, batches of 4',
    input: { model: 'lenet-300-100', batchSize: 4 },
    shape: [1, 28, 28],
    clients: 2,
    steps: 1,
    repetitions: 3,
    sparsities: [0, 0.95],
    contestants: [
      sparse,
      tensorflow,
      { name: 'tfjs-cpu', device: 'tfjs-cpu', clientsAtOnce: 1 },
      { name: 'webgpu', device: 'webgpu', clientsAtOnce: 2 },
    ],
  },
]

/** Prints, as Markdown tables, the time of a round and of a step of one client, on every device that is here. */
export async function measure(): Promise<void> {
  const workers = availableParallelism()
  const pool = new WorkerPool({ kernels: await loadKernels(), workers })
  const folder = await mkdtemp(join(tmpdir(), 'espalier-bench-'))
  const devices = new Devices(pool, forkDevices(dataHome().tensorflowFolder), join(folder, 'devices.json'))
  console.log(`${cpus().at(0)?.model ?? 'unknown'}, Node ${process.versions.node}, ${workers} workers; medians\n`)
  try {
    for (const contest of contests) await hold(contest, devices)
  } finally {
    await pool.dispose()
    await rm(folder, { recursive: true })
  }
}

async function hold(contest: Contest, devices: Devices): Promise<void> {
  console.log(`${contest.title}\n`)
  console.log('| device |   S | round, ms | step of one client, ms | × sparse |')
  console.log('| ------ | --: | --------: | ---------------------: | -------: |')
  const reference = new Map<number, number>()
  for (const contestant of contest.contestants) {
    // What computes densely takes the same time at every sparsity; both ends show it.
    const ends = [contest.sparsities[0], contest.sparsities[contest.sparsities.length - 1]]
    for (const sparsity of contestant === sparse ? contest.sparsities : ends) {
      const milliseconds = await roundMilliseconds(contest, contestant, sparsity, devices)
      if (milliseconds === null) break
      if (contestant === sparse) reference.set(sparsity, milliseconds)
      const ratio = milliseconds / (reference.get(sparsity) ?? Number.NaN)
      const step = milliseconds / (contest.clients * contest.steps)
      console.log(
        `| ${contestant.name} | ${sparsity} | ${milliseconds.toFixed(0)} | ${step.toFixed(2)} | ${ratio.toFixed(2)} |`,
      )
    }
  }
  console.log('')
}

/** Median wall-clock time of a round after one that is not counted; null, and the reason printed, where the device is missing. */
async function roundMilliseconds(
  { input, shape, clients, steps, repetitions }: Contest,
  { name, device, clientsAtOnce }: Contestant,
  sparsity: number,
  devices: Devices,
): Promise<number | null> {
  const experiment = experimentSchema.parse({ method: 'none', ...input, clientsAtOnce })
  const { plan } = prepareModel(experiment, shape, 10)
  const images = noiseImages(plan, experiment.batchSize)
  try {
    const opened = await devices.open(device, plan, { train: images, test: images }, experiment)
    try {
      const model = modelOfDensity(plan, 1 - sparsity, 1)
      const times: number[] = []
      for (let repetition = 0; repetition <= repetitions; repetition++) {
        const start = performance.now()
        await trainBurst(opened.pool, experiment, model, clients, steps)
        times.push(performance.now() - start)
      }
      return times.slice(1).sort((one, other) => one - other)[Math.floor(repetitions / 2)]
    } finally {
      opened.close()
    }
  } catch (error) {
    if (!(error instanceof DeviceMissing)) throw error
    console.log(`| ${name} | – | – | – | missing: ${error.why.problem} |`)
    return null
  }
}
