import type { Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'

/** Typical sizes of JSON: a round beside its list of clients, one number of a list, a topology record per layer. */
const roundBytes = 420
const listedNumberBytes = 5
const layerRecordBytes = 230

/**
 * Bytes that a run writes: a line for each round and each update, a bit-packed mask for each update, and two checkpoints with
 * parameters, three masks and the versions that clients hold.
 */
export function storageBytes(plan: ModelPlan, experiment: Experiment, updates: number): number {
  const { rounds, evaluationInterval, clientsPerRound, totalClients } = experiment
  const evaluations = Math.ceil(rounds / evaluationInterval)
  const records = rounds * (roundBytes + listedNumberBytes * clientsPerRound) + evaluations * 20 * totalClients
  const masks = (updates + 1) * (Math.ceil(plan.prunableCount / 8) + layerRecordBytes * plan.prunable.length)
  const checkpoint = 4 * plan.parameterCount + 3 * plan.prunableCount + 4 * totalClients
  return records + masks + 2 * checkpoint
}
