import type { LabelledImages, Trainer } from '../trainer/trainer'
import type { PooledClientResult, PooledClientTask } from './client-pool'

/** One client's part of a round on one trainer: local training, then the dense gradient where it is asked for. */
export function runClient(trainer: Trainer, task: PooledClientTask, images: LabelledImages): PooledClientResult {
  const result = trainer.trainClient({ ...task, images })
  const denseGradient =
    task.gradientIndices === null
      ? null
      : trainer.denseGradient({ parameters: result.parameters, mask: task.mask }, images, task.gradientIndices)
  return { ...result, denseGradient }
}
