import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { join } from 'node:path'
import { kernelsName } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import { timeRounds, type RoundTime } from '../../src-main/host/benchmark'
import { openKernels, type KernelSource } from '../../src-main/host/kernel-source'
import { findKernels } from '../../src-main/host/kernels'
import { densityPlot } from './density-plot'
import { median } from './workload'

/** As in FedDST's round; both sides do the same. */
const localEpochs = 10
const clients = 20
/** PyTorch trains so many of the clients; its time is scaled up. Nothing is shared between clients there. */
const clientsInPython = 2
const repetitions = Number(process.env['ESPALIER_BENCH_REPETITIONS'] ?? 3)
/** Most workers and threads; with 1 only processor time is compared, which other work hardly moves. */
const mostWorkers = Number(process.env['ESPALIER_BENCH_WORKERS'] ?? 2)
const sparsities = [0, 0.5, 0.8, 0.95]
/** Further points of the plot. */
const between = [0.2, 0.9, 0.98]

/** Prints the tables of rounds, and writes density.svg into the working folder's test/bench. */
export async function measure(): Promise<void> {
  console.log(`${cpus().at(0)?.model ?? 'unknown'}, Node ${process.versions.node}; medians of ${repetitions} rounds`)
  console.log(
    `20 clients × ${localEpochs} epochs × 125 images in batches of 32; seconds on the clock (of processor time)\n`,
  )
  const python = pythonTimes()
  const sources = (await findKernels()).flatMap((found) => ('source' in found ? [found.source] : []))
  const ours: { name: string; times: RoundTime[] }[] = []
  for (const source of sources)
    for (const workers of range(1, mostWorkers)) {
      const name = `${kernelsName(openKernels(source))}, ${workers} worker${workers === 1 ? '' : 's'}`
      const times: RoundTime[] = []
      for (const sparsity of sparsities) times.push(await roundTime(source, workers, sparsity))
      ours.push({ name, times })
    }
  const header = sparsities.map((sparsity) => `S = ${sparsity}`).join(' | ')
  const cells = (times: readonly RoundTime[]) =>
    times.map((time) => `${time.seconds.toFixed(2)} (${time.processorSeconds.toFixed(2)})`).join(' | ')
  console.log(`| round | ${header} |\n| --- |${' ---: |'.repeat(sparsities.length)}`)
  for (const { name, times } of [...ours, ...python]) console.log(`| ${name} | ${cells(times)} |`)
  console.log(`\n| PyTorch ÷ ours, clock (processor) | ${header} |\n| --- |${' ---: |'.repeat(sparsities.length)}`)
  for (const one of python)
    for (const { name, times } of ours) {
      const ratios = times.map(({ seconds, processorSeconds }, at) => {
        const theirs = one.times[at]
        return `${(theirs.seconds / seconds).toFixed(1)} (${(theirs.processorSeconds / processorSeconds).toFixed(1)})`
      })
      console.log(`| ${one.name} ÷ ${name} | ${ratios.join(' | ')} |`)
    }
  if (mostWorkers > 1) {
    console.log(`\n| 1 worker ÷ 2 workers | ${header} |\n| --- |${' ---: |'.repeat(sparsities.length)}`)
    for (let at = 0; at < ours.length; at += mostWorkers) {
      const ratios = sparsities.map((_, index) => ours[at].times[index].seconds / ours[at + 1].times[index].seconds)
      console.log(`| ${ours[at].name.split(',')[0]} | ${ratios.map((ratio) => ratio.toFixed(2)).join(' | ')} |`)
    }
  }
  const [fastest] = sources
  const points = sparsities.map((sparsity, at) => ({
    density: 1 - sparsity,
    seconds: ours[0].times[at].processorSeconds,
  }))
  for (const sparsity of between)
    points.push({ density: 1 - sparsity, seconds: (await roundTime(fastest, 1, sparsity)).processorSeconds })
  points.sort((left, right) => left.density - right.density)
  writeFileSync(join(process.cwd(), 'test/bench/density.svg'), densityPlot(points))
  console.log(
    `\nprocessor time against density: ${points.map(({ density, seconds }) => `${density.toFixed(2)}: ${seconds.toFixed(2)} s`).join(', ')}`,
  )
  console.log(`peak resident memory: ${Math.round(process.resourceUsage().maxRSS / 1024)} MiB`)
}

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, index) => first + index)
}

/** A round whose masks stay; every layer has the same sparsity, as PyTorch's have. */
async function roundTime(source: KernelSource, workers: number, sparsity: number): Promise<RoundTime> {
  const topology =
    sparsity === 0
      ? ({ method: 'none' } as const)
      : ({ method: 'static', sparsity, layerDistribution: 'uniform' } as const)
  const times = await timeRounds(source, workers, repetitions, { ...topology, localEpochs })
  return medianOf(times)
}

/** The same work in every PyTorch that is here, with one thread and two. */
function pythonTimes(): { name: string; times: RoundTime[] }[] {
  const interpreters = (process.env['ESPALIER_BENCH_PYTHON'] ?? 'python3').split(':')
  return interpreters.flatMap((interpreter) =>
    range(1, mostWorkers).flatMap((threads) => {
      // A mask buys PyTorch no time, so both ends stand for what lies between them.
      const dense = runPython(interpreter, threads, 0)
      const sparse = dense === null ? null : runPython(interpreter, threads, 0.95)
      if (dense === null || sparse === null) return []
      const found = sparsities.map((sparsity) => (sparsity < 0.8 ? dense : sparse))
      return [
        {
          name: `PyTorch ${found[0].version}, ${threads} thread${threads === 1 ? '' : 's'}`,
          times: found.map(({ time }) => time),
        },
      ]
    }),
  )
}

function runPython(
  interpreter: string,
  threads: number,
  sparsity: number,
): { version: string; time: RoundTime } | null {
  const flags = { sparsity, threads, clients: clientsInPython, epochs: localEpochs, repetitions }
  const script = join(process.cwd(), 'test/bench/rounds.py')
  const { status, stdout, stderr } = spawnSync(
    interpreter,
    [script, ...Object.entries(flags).flatMap(([name, value]) => [`--${name}`, String(value)])],
    { encoding: 'utf8' },
  )
  if (status !== 0) {
    console.log(`no PyTorch in ${interpreter}: ${stderr.trim().split('\n').at(-1) ?? 'it does not start'}\n`)
    return null
  }
  const { version, wall, cpu } = JSON.parse(stdout) as { version: string; wall: number[]; cpu: number[] }
  const scale = clients / clientsInPython
  const times = wall.map((seconds, at) => ({ seconds: seconds * scale, processorSeconds: cpu[at] * scale }))
  return { version, time: medianOf(times) }
}

function medianOf(times: readonly RoundTime[]): RoundTime {
  return {
    seconds: median(times.map(({ seconds }) => seconds)),
    processorSeconds: median(times.map(({ processorSeconds }) => processorSeconds)),
  }
}
