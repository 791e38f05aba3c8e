import type { Experiment } from '../../contract/experiment'
import type { Evaluation, LabelledImages, MaskedModel } from '../trainer/trainer'
import type { ClientReport } from './client-work'
import type { NamedArrays } from './named-arrays'

/** Work for one client. The pool holds the data set once, in shared memory, and knows the methods by name. */
export interface ClientJob extends MaskedModel {
  /** Which of the method's kinds of work; null is local training. */
  readonly work: string | null
  readonly experiment: Experiment
  readonly round: number
  readonly client: number
  readonly indices: Uint32Array
  readonly testIndices: Uint32Array
  readonly download: NamedArrays
  readonly state: NamedArrays
}

/** A model and the test images on which it is evaluated. */
export interface EvaluationJob extends MaskedModel {
  readonly indices: Uint32Array
}

/**
 * Where clients train. The round loop does not know whether that is this thread or a pool of workers; results must not
 * depend on it, so they come back in the order of the jobs. When the signal aborts, no further job is started.
 */
export interface ClientPool {
  /** Trainer and kernel build of the workers, e.g. "sparse/wasm". */
  readonly description: string
  readonly train: LabelledImages
  readonly test: LabelledImages
  /** Does every job; `onClientDone` is called as each ends, with the number done so far. */
  trainClients(
    jobs: readonly ClientJob[],
    onClientDone: (done: number) => void,
    signal: AbortSignal,
  ): Promise<ClientReport[]>
  /** Evaluates on the whole test set; the loss is summed over fixed blocks so that it does not depend on the workers. */
  evaluateTestSet(model: MaskedModel, signal: AbortSignal): Promise<Evaluation>
  /** Evaluates models of one's own, each on its images. */
  evaluateEach(jobs: readonly EvaluationJob[], signal: AbortSignal): Promise<Evaluation[]>
}
