import type { Experiment } from '../../contract/experiment'
import type { ModelPlan, PrunableLayerPlan } from '../models/plan'
import { kernelSize } from '../accounting/encodings'
import { drawWithoutReplacement, range } from '../random/draw'
import { namedStream } from '../random/streams'
import { layerTargets } from '../sparsity/distributions'
import { moveToMask } from '../sparsity/keep-largest'
import { activePerLayer } from '../sparsity/masks'
import { positionsOf } from '../sparsity/positions'
import { decaying } from '../sparsity/schedule'
import { selectByRank } from '../sparsity/selection'
import { meanGradient, scoredTraining } from './moving-mask'
import type { MethodRecipe } from './recipe'
import { staticPruning } from './static'

/** Weights into every remaining neuron: the budget shared out, at least one and at most all that there are. */
function fanInOf(budget: number, neurons: number, denseFanIn: number): number {
  return Math.min(denseFanIn, Math.max(1, Math.round(budget / neurons)))
}

interface LayerScores {
  readonly neurons: number
  readonly mask: Uint8Array
  /** |w| and |g| of every position. */
  readonly sizes: Float32Array
  readonly slopes: Float32Array
}

interface LayerRule {
  /** Weights that the layer should have. */
  readonly budget: number
  /** Share of the active weights replaced. */
  readonly ratio: number
  /** Share of the fan-in, were no neuron ablated, that must be salient for one to stay; 0 where none may go. */
  readonly ablationShare: number
}

/**
 * One layer's constant fan-in mask (Lasby et al. 2024): salient are the A − k largest |w| and the k largest |g|. Neurons with
 * too few salient weights go, but enough stay for the budget to fit; every other one keeps its largest |w| among the A − k and
 * fills up with its largest |g| to the same fan-in. Ties go to the lower position.
 */
export function constantFanInMask({ neurons, mask, sizes, slopes }: LayerScores, rule: LayerRule): Uint8Array {
  const { budget, ratio, ablationShare } = rule
  const denseFanIn = mask.length / neurons
  const active = positionsOf(mask, 1)
  const nonZero = active.filter((at) => sizes[at] > 0)
  const kept = selectByRank(sizes, nonZero, active.length - Math.floor(ratio * active.length), 'largest')
  const grown = selectByRank(slopes, range(mask.length), active.length - kept.length, 'largest')
  const salient = new Uint8Array(mask.length)
  for (const at of [...kept, ...grown]) salient[at] = 1
  const remains = remainingNeurons(salientPerNeuron(salient, neurons), {
    need: ablationShare === 0 ? 0 : Math.max(1, Math.floor(ablationShare * fanInOf(budget, neurons, denseFanIn))),
    least: Math.max(1, Math.ceil(budget / denseFanIn)),
  })
  const fanIn = fanInOf(budget, remains.filter(Boolean).length, denseFanIn)
  const isKept = new Uint8Array(mask.length)
  for (const at of kept) isKept[at] = 1

  const next = new Uint8Array(mask.length)
  remains.forEach((stays, neuron) => {
    if (!stays) return
    const row = range(denseFanIn).map((at) => neuron * denseFanIn + at)
    const keep = selectByRank(
      sizes,
      row.filter((at) => isKept[at] === 1),
      fanIn,
      'largest',
    )
    for (const at of keep) next[at] = 1
    const others = row.filter((at) => next[at] === 0)
    for (const at of selectByRank(slopes, others, fanIn - keep.length, 'largest')) next[at] = 1
  })
  return next
}

function salientPerNeuron(salient: Uint8Array, neurons: number): number[] {
  const fanIn = salient.length / neurons
  return Array.from({ length: neurons }, (_, neuron) =>
    salient.subarray(neuron * fanIn, (neuron + 1) * fanIn).reduce((sum, bit) => sum + bit, 0),
  )
}

/** Which neurons have `need` salient weights; the need falls until at least `least` neurons, the most salient, have them. */
function remainingNeurons(counts: readonly number[], { need, least }: { need: number; least: number }): boolean[] {
  const ranked = counts.toSorted((a, b) => b - a)
  const lowered = Math.min(need, ranked[Math.min(least, counts.length) - 1])
  return counts.map((count) => count >= lowered)
}

function neuronsOf(layer: PrunableLayerPlan): number {
  return kernelSize(layer).rows
}

/** The counts that the distribution asks for, and those of a constant fan-in nearest to them. */
function budgets(plan: ModelPlan, experiment: Experiment) {
  const targets = layerTargets(plan.prunable, experiment)
  return {
    ...targets,
    budget: targets.active,
    active: plan.prunable.map((layer, index) => {
      const neurons = neuronsOf(layer)
      return neurons * fanInOf(targets.active[index], neurons, layer.weightCount / neurons)
    }),
  }
}

function randomConstantFanIn(plan: ModelPlan, active: readonly number[], seed: number): Uint8Array {
  const mask = new Uint8Array(plan.prunableCount)
  plan.prunable.forEach((layer, index) => {
    const neurons = neuronsOf(layer)
    const denseFanIn = layer.weightCount / neurons
    const stream = namedStream(seed, `mask/${layer.name}`)
    for (let neuron = 0; neuron < neurons; neuron++) {
      const first = layer.maskOffset + neuron * denseFanIn
      for (const at of drawWithoutReplacement(stream, range(denseFanIn), active[index] / neurons)) mask[first + at] = 1
    }
  })
  return mask
}

/**
 * SRigL (Lasby et al. 2024): RigL in which every neuron or filter of a layer has the same number of incoming weights, and
 * those with too few salient ones are ablated, except in the last layer. Too few is measured by the constant fan-in, an option
 * of the published code; by the dense one, its default, the highest sparsities leave the fewest neurons that hold the budget.
 */
export const sRigL: MethodRecipe = {
  ...staticPruning,
  ...scoredTraining(decaying, () => ({ gradientBatches: 1, momentum: false })),
  initialMask: {
    targets: budgets,
    draw: ({ plan, experiment, active }) => ({ mask: randomConstantFanIn(plan, active, experiment.seed) }),
  },
  updateTopology: {
    ...decaying,
    move: ({ plan, experiment, ratio, model, uploads }) => {
      const slopes = meanGradient(uploads).map(Math.abs)
      const { budget } = budgets(plan, experiment)
      const mask = new Uint8Array(plan.prunableCount)
      plan.prunable.forEach((layer, index) => {
        const { weightOffset, weightCount, maskOffset } = layer
        const isLast = index === plan.prunable.length - 1
        const next = constantFanInMask(
          {
            neurons: neuronsOf(layer),
            mask: model.mask.subarray(maskOffset, maskOffset + weightCount),
            sizes: model.parameters.subarray(weightOffset, weightOffset + weightCount).map(Math.abs),
            slopes: slopes.subarray(maskOffset, maskOffset + weightCount),
          },
          { budget: budget[index], ratio, ablationShare: isLast ? 0 : experiment.ablationShare },
        )
        mask.set(next, maskOffset)
      })
      return { ...moveToMask(plan, model, mask), requestedActive: activePerLayer(plan, mask) }
    },
    activeAfter: (_plan, _experiment, _round, first) => first,
  },
}
