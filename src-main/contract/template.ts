import type { Experiment } from './experiment'
import type { SweepAxis } from './sweep'

/** A question to start from: an experiment, what varies, and how often it is repeated. */
export interface Template {
  readonly experiment: Experiment
  readonly axes: readonly SweepAxis[]
  /** Whether every combination of the axes outside the topology also runs once with a fixed mask, as the reference. */
  readonly withStatic: boolean
  readonly seeds: readonly number[]
}
