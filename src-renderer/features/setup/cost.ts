import type { PlanPreview } from '@contract/preview'

export interface Cost {
  readonly runs: number
  readonly uploadBytes: number
  readonly downloadBytes: number
  /** Theoretical, of training. */
  readonly flops: number
  /** Null while the time of any run is unknown. */
  readonly seconds: number | null
}

/** Cost of running every plan once per seed; null when a plan is missing. */
export function sumCosts(plans: readonly (PlanPreview | undefined)[], seeds: number): Cost | null {
  let total: Cost = { runs: 0, uploadBytes: 0, downloadBytes: 0, flops: 0, seconds: 0 }
  for (const plan of plans) {
    if (plan === undefined) return null
    total = {
      runs: total.runs + seeds,
      uploadBytes: total.uploadBytes + seeds * plan.totalUploadBytes,
      downloadBytes: total.downloadBytes + seeds * plan.totalDownloadBytes,
      flops: total.flops + seeds * plan.totalTrainingFlops,
      seconds:
        total.seconds === null || plan.estimatedSeconds === null ? null : total.seconds + seeds * plan.estimatedSeconds,
    }
  }
  return total
}
