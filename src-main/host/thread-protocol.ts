import type { ErrorKind } from '../contract/commands'
import type { ClientJob } from '../engine/federated/client-pool'
import type { ClientReport } from '../engine/federated/client-work'
import type { ModelPlan } from '../engine/models/plan'
import type { Evaluation, LabelledImages, MaskedModel } from '../engine/trainer/trainer'
import type { KernelSource } from './kernel-source'

/** What a pool says to a training thread. Pixels, labels and models lie in shared memory; one job at a time. */
export type ThreadRequest = { readonly type: 'open'; readonly plan: ModelPlan; readonly images: PoolImages } | ThreadJob

export type ThreadJob =
  | { readonly type: 'describe' }
  | { readonly type: 'train'; readonly client: ClientJob }
  | { readonly type: 'evaluate'; readonly model: MaskedModel; readonly indices: Uint32Array }

/** Every job is answered once; `open` is not. */
export type ThreadReply =
  | { readonly ok: true; readonly value: string | ClientReport | Evaluation }
  | { readonly ok: false; readonly kind: ErrorKind; readonly message: string }

export interface ThreadData {
  readonly kernels: KernelSource
}

/** The data set that the clients of a pool share. */
export interface PoolImages {
  readonly train: LabelledImages
  readonly test: LabelledImages
}
