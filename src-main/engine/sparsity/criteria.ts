import type { Experiment } from '../../contract/experiment'
import type { ModelPlan, PrunableLayerPlan } from '../models/plan'
import { drawWithoutReplacement } from '../random/draw'
import { namedStream } from '../random/streams'
import { selectByRank } from './selection'

/** Chooses `count` of the active positions of a layer to be dropped; weights and positions within the layer, rising order. */
export type Drop = (layer: PrunableLayerPlan, weights: Float32Array, active: Uint32Array, count: number) => Uint32Array

/** The smallest |w| (Han et al. 2015; what later papers call SET's rule). */
export const smallestMagnitude: Drop = (_layer, weights, active, count) =>
  selectByRank(weights.map(Math.abs), active, count, 'smallest')

/**
 * SET's own rule (Mocanu et al. 2018): of the weights above and below 0 each the same share, those nearest to 0. A weight that
 * is 0 goes with the positive ones, first of all. What rounding leaves over is positive.
 */
export const smallestOfEachSign: Drop = (_layer, weights, active, count) => {
  const below = active.filter((at) => weights[at] < 0)
  const others = active.filter((at) => !(weights[at] < 0))
  const fromBelow = active.length === 0 ? 0 : Math.floor((count * below.length) / active.length)
  return Uint32Array.from([
    ...selectByRank(weights, below, fromBelow, 'largest'),
    ...selectByRank(weights, others, count - fromBelow, 'smallest'),
  ]).sort()
}

/** Uniformly at random. */
export function randomDrop(seed: number, round: number): Drop {
  return (layer, _weights, active, count) =>
    drawWithoutReplacement(namedStream(seed, `drop/${round}/${layer.name}`), active.slice(), count)
      .slice()
      .sort()
}

/** The lowest scores, which are in the order of the mask. */
export function lowestScore(scores: Float32Array): Drop {
  return ({ maskOffset, weightCount }, _weights, active, count) =>
    selectByRank(scores.subarray(maskOffset, maskOffset + weightCount), active, count, 'smallest')
}

/** |g| of every prunable weight, or |w·g|: how much the loss changes to first order when the weight goes (SNIP's saliency). */
export function gradientScores(plan: ModelPlan, gradient: Float32Array, parameters?: Float32Array): Float32Array {
  return scoresOf(plan, (flat, at) => Math.abs((parameters?.[flat] ?? 1) * gradient[at]))
}

/**
 * How far every prunable weight has moved away from 0 in a round: w·(w − w_before), which for SGD is −η·Σ w·g to first order
 * (movement pruning, Sanh et al. 2020). Below 0 where it moved towards 0.
 */
export function movementScores(plan: ModelPlan, before: Float32Array, after: Float32Array): Float32Array {
  return scoresOf(plan, (flat) => after[flat] * (after[flat] - before[flat]))
}

/** A score for every prunable weight, by its place in the flat parameters and in the mask. */
function scoresOf(plan: ModelPlan, score: (flat: number, at: number) => number): Float32Array {
  const scores = new Float32Array(plan.prunableCount)
  for (const { weightOffset, weightCount, maskOffset } of plan.prunable) {
    for (let at = 0; at < weightCount; at++) scores[maskOffset + at] = score(weightOffset + at, maskOffset + at)
  }
  return scores
}

export type DropCriterion = Experiment['dropCriterion']
export type GrowthCriterion = Experiment['growthCriterion']
