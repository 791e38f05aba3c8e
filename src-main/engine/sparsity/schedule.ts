import { topologyEnd, type Experiment } from '../../contract/experiment'

/**
 * Share of the active weights replaced after `round` if the topology moves then. Cosine: R/2·(1 + cos(π·t/end)) (Dettmers &
 * Zettlemoyer 2019); constant: R. Both are 0 from `end` on.
 */
export function decayedRatio(ratio: number, method: Experiment['rateDecayMethod'], round: number, end: number): number {
  if (round >= end) return 0
  return method === 'constant' ? ratio : (ratio / 2) * (1 + Math.cos((Math.PI * round) / end))
}

/** R at one round of an experiment, whether or not the topology moves in that round. */
export function readjustmentRatioAt(experiment: Experiment, round: number): number {
  return decayedRatio(experiment.readjustmentRatio, experiment.rateDecayMethod, round, topologyEnd(experiment))
}

/**
 * Whether the topology moves after `round`: rounds 0, ΔT, 2ΔT, … while the ratio is above 0, but not after the last round,
 * where new weights could no longer be trained (as SET skips its last epoch).
 */
export function isUpdateRound(experiment: Experiment, round: number): boolean {
  return (
    round % experiment.readjustmentInterval === 0 &&
    round < experiment.rounds - 1 &&
    readjustmentRatioAt(experiment, round) > 0
  )
}
