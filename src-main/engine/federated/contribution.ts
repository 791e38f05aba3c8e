import type { ServerStep, UploadContext } from '../methods/recipe'
import { maskedMean } from './aggregation'

/** A reputation never falls below this, so that no client is left out for good. */
const leastReputation = 1e-3

/**
 * The masked mean with the weights that the experiment asks for. `contribution` is the thesis's aggregation as its code
 * executes it: in round 0 clients weigh by their images, later by a reputation ρ that follows how well their update agrees
 * with the mean update, ρ_c ← γ·ρ_c + (1 − γ)·cos(Δ_c, Δ) with γ = 1 − (1 − tradeoff)/(t + 1), at least 10⁻³ and normalised
 * to sum 1. It starts at the shares of the images. The update is scaled by Γ. Reputations are remembered as `reputation`.
 */
export function contributionMean(context: UploadContext): ServerStep {
  const { plan, experiment, round, received, uploads, state } = context
  if (experiment.aggregationWeights === 'samples') return maskedMean(context)
  const before = state['reputation'] as Float64Array | undefined
  const reputation = new Float64Array(experiment.totalClients)
  const images = uploads.reduce((sum, { samples }) => sum + samples, 0)
  for (const { client, samples } of uploads) reputation[client] = before?.[client] ?? samples / images
  const weighted = uploads.map((upload) => ({
    ...upload,
    samples: round === 0 || before === undefined ? upload.samples : reputation[upload.client],
  }))
  const mean = maskedMean({ plan, uploads: weighted })
  const update = mean.parameters.map((value, at) => value - received.parameters[at])
  const keep = 1 - (1 - experiment.contributionTradeoff) / (round + 1)
  const next = before?.slice() ?? new Float64Array(experiment.totalClients).fill(1 / experiment.totalClients)
  for (const { client, parameters } of uploads) {
    const own = parameters.map((value, at) => value - received.parameters[at])
    next[client] = Math.max(leastReputation, keep * reputation[client] + (1 - keep) * cosine(own, update))
  }
  const total = next.reduce((sum, value) => sum + value, 0)
  const scale = experiment.updateScale
  return {
    mask: mean.mask,
    parameters: scale === 1 ? mean.parameters : update.map((value, at) => received.parameters[at] + scale * value),
    state: { ...state, reputation: next.map((value) => value / total) },
  }
}

function cosine(a: Float32Array, b: Float32Array): number {
  let product = 0
  let squaresA = 0
  let squaresB = 0
  for (let at = 0; at < a.length; at++) {
    product += a[at] * b[at]
    squaresA += a[at] * a[at]
    squaresB += b[at] * b[at]
  }
  return squaresA === 0 || squaresB === 0 ? 0 : product / Math.sqrt(squaresA * squaresB)
}
