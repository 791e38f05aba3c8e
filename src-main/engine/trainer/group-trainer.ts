import type { ClientResult, ClientTask, DeferredTrainer } from './trainer'

/** A trainer on a device, which trains several clients of a round together. */
export interface GroupTrainer extends DeferredTrainer {
  /** Results in the order of the tasks; `onClientDone` is told how many are done. Throws the signal's reason when it aborts. */
  trainClients(
    tasks: readonly ClientTask[],
    onClientDone?: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<ClientResult[]>
  /** Tensors on the device; between two calls there are none of this trainer's. */
  liveTensors(): Promise<number>
}
