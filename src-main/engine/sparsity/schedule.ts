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

/** When the topology moves and how much. */
export interface Schedule {
  readonly ratioAt: (experiment: Experiment, round: number) => number
  readonly isDue: (experiment: Experiment, round: number) => boolean
}

/** Every readjustment interval, but not after the last round. */
export function isAtInterval({ readjustmentInterval, rounds }: Experiment, round: number): boolean {
  return round % readjustmentInterval === 0 && round < rounds - 1
}

/** R decayed until the round at which the topology freezes. */
export const decaying: Schedule = { ratioAt: readjustmentRatioAt, isDue: isUpdateRound }

/** R in every update (SET, Mocanu et al. 2018). */
export const constantUntilTheEnd: Schedule = {
  ratioAt: ({ readjustmentRatio }) => readjustmentRatio,
  isDue: (experiment, round) => experiment.readjustmentRatio > 0 && isAtInterval(experiment, round),
}

/** R in every update until the topology freezes. */
export const constantUntilFrozen: Schedule = {
  ratioAt: (experiment, round) => (round < topologyEnd(experiment) ? experiment.readjustmentRatio : 0),
  isDue: (experiment, round) => constantUntilTheEnd.isDue(experiment, round) && round < topologyEnd(experiment),
}

const leastRatio = 0.005

/** f + (R − f)/2·(1 + cos(π·t/rounds)) with the floor f = 0.005, or R where that is less (ITOP, Liu et al. 2021). */
export const cosineOverAllRounds: Schedule = {
  ratioAt: ({ readjustmentRatio, rounds }, round) => {
    const floor = Math.min(leastRatio, readjustmentRatio)
    return floor + decayedRatio(readjustmentRatio - floor, 'cosine', round, rounds)
  },
  isDue: constantUntilTheEnd.isDue,
}
