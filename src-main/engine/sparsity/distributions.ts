import { EspalierError } from '../../contract/commands'
import type { Experiment } from '../../contract/experiment'
import { kernelShape } from '../models/build-plan'
import type { PrunableLayerPlan } from '../models/plan'
import { feddstCounts } from './feddst-distribution'

type SharedSparsity = 'uniform' | 'er' | 'erk'
type DistributionFields = Pick<
  Experiment,
  'sparsity' | 'layerDistribution' | 'erdosRenyiEpsilon' | 'firstLayer' | 'lastLayer'
>

export interface LayerTargets {
  /** Active weights of every layer, at least 1. */
  readonly active: readonly number[]
  /** Density per unit of raw score (ER and ERK); null for uniform and where nothing is sparse. */
  readonly epsilon: number | null
  /** Layers that could not take their share, one sentence each. */
  readonly warnings: readonly string[]
}

/** The layers that an experiment excludes from pruning; biases always are. */
export function excludedLayers(
  layers: readonly PrunableLayerPlan[],
  { firstLayer, lastLayer }: Pick<Experiment, 'firstLayer' | 'lastLayer'>,
): string[] {
  return layers.flatMap(({ name }, index) =>
    (firstLayer === 'dense' && index === 0) || (lastLayer === 'dense' && index === layers.length - 1) ? [name] : [],
  )
}

/**
 * Active weights of every layer as the experiment asks for them: by `distributeSparsity`, or by one of two forms that do not
 * solve for S over the whole network. `er-epsilon` is SET's: density ε·(in + out)/(in·out), at most 1 (Mocanu et al. 2018).
 * `erk-feddst` is the function in FedDST's published code, applied to the layers that are not excluded. `sparsity` is S
 * unless a method takes another.
 * Throws when the excluded layers alone exceed the budget.
 */
export function layerTargets(
  layers: readonly PrunableLayerPlan[],
  experiment: DistributionFields,
  sparsity = experiment.sparsity,
): LayerTargets {
  const { layerDistribution, erdosRenyiEpsilon } = experiment
  const alwaysDense = excludedLayers(layers, experiment)
  const pruned = layers.filter(({ name }) => !alwaysDense.includes(name))
  if (layerDistribution === 'er-epsilon') {
    const densities = pruned.map((layer) => erdosRenyiEpsilon * rawScore(layer, 'er'))
    const { active, warnings } = toCounts(
      pruned,
      densities.map((density) => Math.max(0, 1 - density)),
    )
    const capped = pruned.filter((_, index) => densities[index] > 1)
    return {
      active: withDense(layers, pruned, active),
      epsilon: erdosRenyiEpsilon,
      warnings: [...capped.map((layer) => capWarning(layer, 'er')), ...warnings],
    }
  }
  if (layerDistribution === 'erk-feddst') {
    const counts = feddstCounts(pruned, sparsity, 'erk')
    return {
      active: withDense(
        layers,
        pruned,
        counts.map((keep, index) => keep ?? pruned[index].weightCount),
      ),
      epsilon: null,
      warnings: pruned.flatMap(({ name }, index) => (counts[index] === null ? [untouchedWarning(name)] : [])),
    }
  }
  return distributeSparsity(layers, sparsity, layerDistribution, alwaysDense)
}

/** Active weights of the whole network at a sparsity: N − ⌊S·N⌋, at least one for each layer. */
export function activeOverall(layers: readonly PrunableLayerPlan[], sparsity: number): number {
  const all = layers.reduce((sum, { weightCount }) => sum + weightCount, 0)
  return Math.max(layers.length, all - Math.floor(sparsity * all))
}

/**
 * An estimate for masks whose scores decide what each layer gets: `count` weights in all, the same share of every layer that
 * is not excluded. Throws when the excluded layers leave no weight for one of the others.
 */
export function overallTargets(
  layers: readonly PrunableLayerPlan[],
  experiment: Pick<Experiment, 'sparsity' | 'firstLayer' | 'lastLayer'>,
  count = activeOverall(layers, experiment.sparsity),
): LayerTargets {
  const names = excludedLayers(layers, experiment)
  const pruned = layers.filter(({ name }) => !names.includes(name))
  const total = (some: readonly PrunableLayerPlan[]) => some.reduce((sum, { weightCount }) => sum + weightCount, 0)
  const left = count - (total(layers) - total(pruned))
  if (left < pruned.length) throw unreachable(experiment.sparsity, names)
  const density = pruned.length === 0 ? 1 : left / total(pruned)
  return {
    active: layers.map(({ name, weightCount }) =>
      names.includes(name) ? weightCount : Math.max(1, Math.round(density * weightCount)),
    ),
    epsilon: null,
    warnings: density === 1 ? [] : ['Only the total is certain: the method decides how many weights each layer keeps.'],
  }
}

/** That FedDST's function gave a layer no count. */
export function untouchedWarning(layer: string): string {
  return `${layer} stays dense: FedDST's published code skips a layer whose share does not fit`
}

/** Counts of all layers out of those of the pruned ones. */
function withDense(
  layers: readonly PrunableLayerPlan[],
  pruned: readonly PrunableLayerPlan[],
  counts: readonly number[],
): number[] {
  return layers.map((layer) => {
    const index = pruned.indexOf(layer)
    return index < 0 ? layer.weightCount : counts[index]
  })
}

/**
 * Shares a global sparsity S out over layers. Uniform: s_l = S. ER: density proportional to (in + out)/(in·out) (Mocanu et
 * al. 2018). ERK: to (Σ dimensions)/(Π dimensions) of the kernel (Evci et al. 2020). A density above 1 is capped: the
 * layers with the largest score become dense and the rest is solved again, as in RigL's sparse_utils.
 * Counts: active = n − ⌊s·n⌋, so the realised sparsity is never above S.
 * Layers named in `alwaysDense` keep all weights; ER and ERK make up for them elsewhere, uniform does not.
 * Throws when the dense layers alone exceed the budget.
 */
export function distributeSparsity(
  layers: readonly PrunableLayerPlan[],
  sparsity: number,
  distribution: SharedSparsity,
  alwaysDense: readonly string[] = [],
): LayerTargets {
  const excluded = layers.map((layer) => alwaysDense.includes(layer.name))
  if (sparsity === 0) return { active: layers.map((layer) => layer.weightCount), epsilon: null, warnings: [] }
  if (distribution === 'uniform') {
    return {
      ...toCounts(
        layers,
        excluded.map((dense) => (dense ? 0 : sparsity)),
      ),
      epsilon: null,
    }
  }
  const scores = layers.map((layer) => rawScore(layer, distribution))
  const { dense, epsilon } = capDensities(layers, scores, sparsity, excluded)
  const counts = toCounts(
    layers,
    scores.map((score, index) => (dense[index] ? 0 : 1 - epsilon * score)),
  )
  const capped = layers.filter((_, index) => dense[index] && !excluded[index])
  return {
    active: counts.active,
    epsilon,
    warnings: [...capped.map((layer) => capWarning(layer, distribution)), ...counts.warnings],
  }
}

function unreachable(sparsity: number, dense: readonly string[]): EspalierError {
  return new EspalierError(
    'wrong-input',
    `sparsity: ${sparsity} cannot be reached while ${dense.join(', ')} stay dense; allowed: a lower sparsity or fewer dense layers`,
  )
}

function capWarning({ name, weightCount }: PrunableLayerPlan, distribution: 'er' | 'erk'): string {
  return `${name} keeps all its ${weightCount} weights: its ${distribution} density would exceed 1`
}

function rawScore(layer: PrunableLayerPlan, distribution: 'er' | 'erk'): number {
  const shape = kernelShape(layer)
  const dimensions = distribution === 'erk' ? shape : shape.slice(0, 2)
  return dimensions.reduce((sum, size) => sum + size, 0) / dimensions.reduce((product, size) => product * size, 1)
}

function capDensities(
  layers: readonly PrunableLayerPlan[],
  scores: readonly number[],
  sparsity: number,
  excluded: readonly boolean[],
): { dense: boolean[]; epsilon: number } {
  const dense = [...excluded]
  for (;;) {
    const epsilon = densityPerScore(layers, scores, sparsity, dense)
    const largest = Math.max(...scores.filter((_, index) => !dense[index]))
    if (epsilon * largest <= 1) return { dense, epsilon }
    // Only the layers with the largest score are capped in one pass; the others may fit once the rest is solved again.
    scores.forEach((score, index) => {
      if (score === largest) dense[index] = true
    })
    // Rounding can push the last layer over 1 when no zero is left to place.
    if (dense.every(Boolean) && layers.every((layer) => Math.floor(sparsity * layer.weightCount) === 0)) {
      return { dense, epsilon }
    }
  }
}

/**
 * ε, with which the densities ε·score of the layers that are not dense reach S over the whole network: one pass of RigL's
 * sparse_utils, before a density above 1 is capped. Throws when the dense layers alone exceed the budget.
 */
export function densityPerScore(
  layers: readonly PrunableLayerPlan[],
  scores: readonly number[],
  sparsity: number,
  dense: readonly boolean[],
): number {
  let budget = 0
  let divisor = 0
  layers.forEach(({ weightCount }, index) => {
    const zeros = Math.floor(sparsity * weightCount)
    if (dense[index]) {
      budget -= zeros
    } else {
      budget += weightCount - zeros
      divisor += scores[index] * weightCount
    }
  })
  if (budget <= 0 || divisor === 0) {
    const names = layers.filter((_, index) => dense[index]).map((layer) => layer.name)
    throw unreachable(sparsity, names)
  }
  return budget / divisor
}

function toCounts(layers: readonly PrunableLayerPlan[], sparsities: readonly number[]) {
  const warnings: string[] = []
  const active = layers.map(({ name, weightCount }, index) => {
    const share = (1 - sparsities[index]) * weightCount
    if (share < 1) warnings.push(`${name} keeps 1 weight: its share of the density is below one weight`)
    return Math.max(1, weightCount - Math.floor(sparsities[index] * weightCount))
  })
  return { active, warnings }
}
