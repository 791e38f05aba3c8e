import { cpus } from 'node:os'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { namedStream } from '../../src-main/engine/random/streams'
import { KernelHeap } from '../../src-main/engine/trainer/sparse/kernels'
import {
  createSparseTrainer,
  kernelsName,
  type SparseKernels,
  type Stage,
} from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { tinyPlan, type TinyLayer } from '../trainer/tiny-plans'
import { everyKernels, median, noiseTask } from './workload'

const sparsities = [0, 0.5, 0.8, 0.9, 0.95, 0.98]
const passes = ['forward', 'input gradient', 'parameter gradient'] as const satisfies readonly Stage[]
const batchSize = 32
/** Shares of the bound that are aimed at. */
const goals = { wasm: 0.7, native: 0.6 } as const
/** Calls of a kernel that a median is taken of, at least. */
const leastCalls = 60

/** A layer to measure, behind a 1 × 1 convolution, so that its input has a gradient, and before a small classifier. */
interface Subject {
  readonly name: string
  readonly input: readonly [channels: number, height: number, width: number]
  readonly layer: TinyLayer
}
const square = (channels: number, size: number, padding = 0): TinyLayer => ({
  kind: 'convolution',
  channels,
  kernel: [size, size],
  padding,
})
const subjects: readonly Subject[] = [
  { name: '3→6, 5×5, 32² (FedDST conv1)', input: [3, 32, 32], layer: square(6, 5) },
  { name: '6→16, 5×5, 26² (FedDST conv2)', input: [6, 26, 26], layer: square(16, 5) },
  { name: '32→64, 3×3, 16²', input: [32, 16, 16], layer: square(64, 3, 1) },
  { name: '64→64, 3×3, 8²', input: [64, 8, 8], layer: square(64, 3, 1) },
  { name: '6400→120 (FedDST fc1)', input: [16, 20, 20], layer: { kind: 'dense', outputs: 120 } },
  { name: '784→300 (LeNet-300-100)', input: [1, 28, 28], layer: { kind: 'dense', outputs: 300 } },
]

/** Prints, as a Markdown table, billions of multiplications per second over the weights that exist, layer by layer. */
export async function measure(): Promise<void> {
  console.log(`${cpus().at(0)?.model ?? 'unknown'}, Node ${process.versions.node}, V8 ${process.versions.v8}\n`)
  for (const kernels of await everyKernels()) {
    const [registers, loads] = ceilings(kernels)
    const bound = Math.min(registers, loads)
    console.log(
      `**${kernelsName(kernels)}**: ${registers.toFixed(1)} GMAC/s in registers, ${loads.toFixed(1)} with one load each from the first-level cache\n`,
    )
    console.log(`| layer | pass | ${sparsities.map((sparsity) => `S = ${sparsity}`).join(' | ')} |`)
    console.log(`| --- | --- |${' ---: |'.repeat(sparsities.length)}`)
    for (const subject of subjects) {
      const speeds = sparsities.map((sparsity) => speedsOf(subject, sparsity, kernels))
      for (const pass of passes) {
        const cells = speeds.map((speed, at) => {
          const share = speed[pass] / bound
          const why = share < goals[kernels.kind] ? ` ${causes(subject, pass, sparsities[at], kernels)}` : ''
          return `${speed[pass].toFixed(1)} (${Math.round(100 * share)} %${why})`
        })
        console.log(`| ${subject.name} | ${pass} | ${cells.join(' | ')} |`)
      }
    }
    console.log('')
  }
}

/** Letters of README.md for what keeps a pass below its goal, as counting instructions and bytes shows it. */
function causes({ layer }: Subject, pass: (typeof passes)[number], sparsity: number, { kind }: SparseKernels): string {
  const few = sparsity >= 0.9 ? 't' : ''
  if (layer.kind === 'dense') {
    const lists = sparsity > 0 ? 'l' : ''
    return pass === 'parameter gradient' ? `s${lists}` : `${lists}${few}`
  }
  switch (pass) {
    case 'forward':
      return few
    case 'input gradient':
      return `b${few}`
    case 'parameter gradient':
      return kind === 'wasm' ? `r${few}` : `p${few}`
  }
}

/** GMAC/s at best: with everything in registers, and with one vector loaded for each multiplication. */
function ceilings(kernels: SparseKernels): [registers: number, loads: number] {
  const heap = new KernelHeap(kernels)
  const call = heap.base
  const values = call + 64
  const vectors = 256
  heap.reserve(values + vectors * 32, 'the measurement of ceilings')
  const measureOne = (loads: number) => {
    const rounds = 20_000
    heap.floats(values, vectors * 8).fill(1e-8)
    heap.integers(call, 5).set([loads, rounds, values, vectors, 0])
    const times = Array.from({ length: leastCalls }, () => {
      const start = performance.now()
      heap.kernels.run_ceiling(call)
      return performance.now() - start
    })
    return (rounds * heap.integers(call, 5)[4] * 8) / median(times) / 1e6
  }
  return [measureOne(0), measureOne(1)]
}

/** GMAC/s of each pass over one layer, from the medians of single calls within training. */
function speedsOf(
  { input, layer }: Subject,
  sparsity: number,
  kernels: SparseKernels,
): Record<(typeof passes)[number], number> {
  const [channels, height, width] = input
  const relu: TinyLayer = { kind: 'relu' }
  // Networks pool behind a convolution.
  const ending: TinyLayer[] = layer.kind === 'convolution' ? [{ kind: 'max-pooling', window: 2, stride: 2 }] : []
  const plan = tinyPlan(
    [1, height, width],
    [square(channels, 1), relu, layer, relu, ...ending, { kind: 'flatten' }, { kind: 'dense', outputs: 2 }],
  )
  const { name, maskOffset, weightCount } = plan.prunable[1]
  const stream = namedStream(1, `layers/${sparsity}`)
  const mask = new Uint8Array(plan.prunableCount).fill(1)
  for (let at = maskOffset; at < maskOffset + weightCount; at++) mask[at] = stream.uniform() < sparsity ? 0 : 1
  const active = mask.subarray(maskOffset, maskOffset + weightCount).reduce((sum, bit) => sum + bit, 0)
  const times = new Map<Stage, number[]>(passes.map((pass) => [pass, []]))
  const add = (stage: Stage, of: string | null, milliseconds: number) => {
    if (of === name) times.get(stage)?.push(milliseconds)
  }
  const trainer = createSparseTrainer(plan, kernels, { now: () => performance.now(), add })
  const task = { ...noiseTask(plan, batchSize, batchSize), mask }
  trainer.trainClient(task)
  for (const one of times.values()) one.length = 0
  while ((times.get('forward')?.length ?? 0) < leastCalls) trainer.trainClient({ ...task, localEpochs: 4 })
  trainer.dispose()
  const multiplications = active * positionsOfCall(plan)
  const speed = (pass: Stage) => multiplications / median(times.get(pass) ?? []) / 1e6
  return {
    forward: speed('forward'),
    'input gradient': speed('input gradient'),
    'parameter gradient': speed('parameter gradient'),
  }
}

/** Multiplications per weight in one call of a kernel: eight images of a convolution, the whole batch of a dense layer. */
function positionsOfCall(plan: ModelPlan): number {
  const layer = plan.prunable[1]
  return layer.kind === 'convolution' ? 8 * layer.outputHeight * layer.outputWidth : batchSize
}
