import type { ClientResult, ClientTask, Evaluation, LabelledImages, MaskedModel } from '../trainer/trainer'

/** A task without its images: the pool holds the data set once, in shared memory. */
export type PooledClientTask = Omit<ClientTask, 'images'> & {
  /** Batch of the client for the dense gradient of a growth score, taken on the trained parameters; null when no score needs it. */
  readonly gradientIndices: Uint32Array | null
}

export interface PooledClientResult extends ClientResult {
  readonly denseGradient: Float32Array | null
}

/**
 * Where clients train. The round loop does not know whether that is this thread or a pool of workers; results must not
 * depend on it, so they come back in the order of the tasks. When the signal aborts, no further task is started.
 */
export interface ClientPool {
  /** Trainer and kernel build of the workers, e.g. "sparse/wasm". */
  readonly description: string
  readonly train: LabelledImages
  readonly test: LabelledImages
  /** Trains every task; `onClientDone` is called as each ends, with the number done so far. */
  trainClients(
    tasks: readonly PooledClientTask[],
    onClientDone: (done: number) => void,
    signal: AbortSignal,
  ): Promise<PooledClientResult[]>
  /** Evaluates on the whole test set; the loss is summed over fixed blocks so that it does not depend on the workers. */
  evaluateTestSet(model: MaskedModel, signal: AbortSignal): Promise<Evaluation>
}
