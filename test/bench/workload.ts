import { initialParameters } from '../../src-main/engine/models/initialise'
import type { ModelPlan } from '../../src-main/engine/models/plan'
import { namedStream } from '../../src-main/engine/random/streams'
import type { SparseKernels } from '../../src-main/engine/trainer/sparse/sparse-trainer'
import type { ClientTask } from '../../src-main/engine/trainer/trainer'
import { loadAddon, openKernels } from '../../src-main/host/kernel-source'
import { findKernels } from '../../src-main/host/kernels'

/** WebAssembly first, then every native level that this processor has. */
export async function everyKernels(): Promise<SparseKernels[]> {
  const all: SparseKernels[] = []
  for (const found of (await findKernels()).toReversed()) {
    if ('problem' in found) throw new Error(`sparse/${found.kind}: ${found.problem}`)
    if (found.source.kind === 'wasm') all.push(openKernels(found.source))
    else {
      const addon = loadAddon(found.source.path)
      for (const level of Object.keys(addon.levels)) all.push({ kind: 'native', addon, level })
    }
  }
  return all
}

/** One epoch of a client over images of noise, all weights active. */
export function noiseTask(plan: ModelPlan, imageCount: number, batchSize: number): ClientTask {
  const stream = namedStream(1, 'bench')
  const size = plan.inputShape.reduce((product, length) => product * length, 1)
  return {
    parameters: initialParameters(plan, 1),
    mask: new Uint8Array(plan.prunableCount).fill(1),
    images: {
      pixels: Uint8Array.from({ length: imageCount * size }, () => stream.integer(256)),
      labels: Uint8Array.from({ length: imageCount }, () => stream.integer(plan.classes)),
      count: imageCount,
      shape: plan.inputShape,
      mean: new Array<number>(plan.inputShape[0]).fill(0.5),
      deviation: new Array<number>(plan.inputShape[0]).fill(0.25),
    },
    indices: Uint32Array.from({ length: imageCount }, (_, index) => index),
    localEpochs: 1,
    batchSize,
    learningRate: 0.001,
    momentum: 0.9,
    weightDecay: 0.001,
    proximalCoefficient: 0,
    seed: 1,
    batchOrderLabel: 'bench',
  }
}

export function median(values: readonly number[]): number {
  return values.toSorted((left, right) => left - right)[Math.floor(values.length / 2)]
}
