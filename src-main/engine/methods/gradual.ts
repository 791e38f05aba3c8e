import { topologyEnd, type Experiment } from '../../contract/experiment'

/**
 * The sparsity after `round` of a network that starts dense: S − S·(1 − t̃/T)^p with t̃ the last multiple of the
 * readjustment interval and T the round at which the topology freezes (Zhu & Gupta 2017; Stripelis et al. 2022). S from T on.
 */
export function gradualSparsity(experiment: Experiment, round: number): number {
  const { sparsity, readjustmentInterval, decayExponent } = experiment
  const end = topologyEnd(experiment)
  const held = Math.floor((round + 1) / readjustmentInterval) * readjustmentInterval
  const progress = end === 0 ? 1 : Math.min(1, held / end)
  return sparsity - sparsity * (1 - progress) ** decayExponent
}
