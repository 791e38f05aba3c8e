import type { PlanPreview, SweepCost } from '@contract/preview'

type Cost = Omit<SweepCost, 'impossible'>

/** Cost of running every plan once per seed; null when a plan is missing. */
export function sumCosts(plans: readonly (PlanPreview | undefined)[], seeds: number): Cost | null {
  let total: Cost = { runs: 0, uploadBytes: 0, downloadBytes: 0, flops: 0, storageBytes: 0, seconds: 0 }
  for (const plan of plans) {
    if (plan === undefined) return null
    total = {
      runs: total.runs + seeds,
      uploadBytes: total.uploadBytes + seeds * plan.totalUploadBytes,
      downloadBytes: total.downloadBytes + seeds * plan.totalDownloadBytes,
      flops: total.flops + seeds * plan.totalTrainingFlops,
      storageBytes: total.storageBytes + seeds * plan.storageBytes,
      seconds:
        total.seconds === null || plan.estimatedSeconds === null ? null : total.seconds + seeds * plan.estimatedSeconds,
    }
  }
  return total
}
