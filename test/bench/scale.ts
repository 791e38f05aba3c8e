import { availableParallelism, cpus } from 'node:os'
import { experimentSchema } from '../../src-main/contract/experiment'
import { runExperiment } from '../../src-main/engine/federated/round-loop'
import { prepareModel } from '../../src-main/engine/methods/prepare-model'
import { loadKernels } from '../../src-main/host/kernels'
import { WorkerPool } from '../../src-main/host/worker-pool'
import { median, noiseTask } from './workload'

const rounds = 1000
const clients = 1000
const imagesOfClient = 8
const window = 100

/** Prints the time of a round and the resident memory, hundred rounds by hundred. */
export async function measure(): Promise<void> {
  const experiment = experimentSchema.parse({
    method: 'dynamic',
    model: 'lenet-300-100',
    partition: 'iid',
    sparsity: 0.9,
    totalClients: clients,
    clientsPerRound: 4,
    localEpochs: 1,
    batchSize: 8,
    rounds,
    evaluationInterval: 100,
    readjustmentInterval: 10,
    rateDecayEnd: rounds,
  })
  const shape = [1, 28, 28] as const
  const { plan } = prepareModel(experiment, shape, 10)
  const { images } = noiseTask(plan, clients * imagesOfClient, experiment.batchSize)
  const workers = availableParallelism()
  const pool = new WorkerPool({ kernels: await loadKernels(), workers })
  console.log(`${cpus().at(0)?.model ?? 'unknown'}, Node ${process.versions.node}, ${workers} workers`)
  console.log(`LeNet-300-100 at S = 0.9, ${clients} clients of ${imagesOfClient} images, 4 in a round, ΔT = 10\n`)
  console.log('| rounds | processor time of a round, ms (median) | resident memory, MiB |\n| ---: | ---: | ---: |')
  try {
    const opened = await pool.open(plan, { train: images, test: images })
    const signal = new AbortController().signal
    const times: number[] = []
    let last = process.cpuUsage()
    for await (const event of runExperiment({ experiment, classes: 10, pool: opened, checkpoint: null, signal })) {
      if (event.type !== 'round') continue
      const { user, system } = process.cpuUsage(last)
      times.push((user + system) / 1000)
      last = process.cpuUsage()
      if (times.length % window > 0) continue
      const resident = Math.round(process.memoryUsage.rss() / 1024 ** 2)
      console.log(`| ${times.length} | ${median(times.slice(-window)).toFixed(1)} | ${resident} |`)
    }
  } finally {
    await pool.dispose()
  }
  console.log(`\npeak resident memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}
