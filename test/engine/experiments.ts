import { experimentSchema, type Experiment, type ExperimentInput } from '../../src-main/contract/experiment'

/** A checked experiment; fields left out have their defaults. */
export function experimentWith(input: ExperimentInput): Experiment {
  return experimentSchema.parse(input)
}
