import { messageOf } from '../contract/errors'
import type { Experiment } from '../contract/experiment'
import type { PlanPreview, SweepCost } from '../contract/preview'

/**
 * What a list of runs costs together. Repetitions of a setting with other seeds count as the first of them: the seed decides
 * who has which images, not how many there are. A run that cannot be built is named with its reason and costs nothing.
 */
export async function sweepCost(
  experiments: readonly Experiment[],
  preview: (experiment: Experiment) => Promise<PlanPreview>,
): Promise<SweepCost> {
  const settings = new Map<string, number[]>()
  for (const [index, experiment] of experiments.entries()) {
    const key = JSON.stringify({ ...experiment, seed: 0 })
    settings.set(key, [...(settings.get(key) ?? []), index])
  }
  const impossible: { index: number; reason: string }[] = []
  const sum = { runs: 0, uploadBytes: 0, downloadBytes: 0, flops: 0, storageBytes: 0 }
  let seconds: number | null = 0
  for (const indices of settings.values()) {
    try {
      const plan = await preview(experiments[indices[0]])
      const runs = indices.length
      sum.runs += runs
      sum.uploadBytes += runs * plan.totalUploadBytes
      sum.downloadBytes += runs * plan.totalDownloadBytes
      sum.flops += runs * plan.totalTrainingFlops
      sum.storageBytes += runs * plan.storageBytes
      seconds = seconds === null || plan.estimatedSeconds === null ? null : seconds + runs * plan.estimatedSeconds
    } catch (error) {
      const reason = messageOf(error)
      impossible.push(...indices.map((index) => ({ index, reason })))
    }
    // Other questions come in between; a large sweep must not hold them up.
    await new Promise<void>((resolve) => setTimeout(resolve, 0))
  }
  return { ...sum, seconds, impossible }
}
