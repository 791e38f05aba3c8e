import type { Evaluation, LabelledImages, Trainer } from '../trainer/trainer'
import type { MethodRecipe } from '../methods/recipe'
import type { ClientPool } from './client-pool'
import type { ClientReport } from './client-work'
import { evaluationBlocks, mergeEvaluations } from './evaluation'
import { giveWay } from './give-way'
import { runClient } from './run-client'

export interface InProcessPool extends ClientPool {
  dispose(): void
}

/** A pool of one trainer on this thread. It gives way to other work after every client and every block of images. */
export function createInProcessPool(
  createTrainer: () => Trainer,
  train: LabelledImages,
  test: LabelledImages,
  recipe?: MethodRecipe,
): InProcessPool {
  const trainer = createTrainer()
  return {
    description: trainer.description,
    train,
    test,
    async trainClients(jobs, onClientDone, signal) {
      const results: ClientReport[] = []
      for (const job of jobs) {
        signal.throwIfAborted()
        results.push(await runClient(trainer, job, { train, test }, recipe))
        onClientDone(results.length)
        await giveWay()
      }
      return results
    },
    async evaluateEach(jobs, signal) {
      const results: Evaluation[] = []
      for (const { indices, ...model } of jobs) {
        signal.throwIfAborted()
        results.push(trainer.evaluate(model, test, indices))
        await giveWay()
      }
      return results
    },
    async evaluateTestSet(model, signal) {
      const results: Evaluation[] = []
      for (const block of evaluationBlocks(test.count)) {
        signal.throwIfAborted()
        results.push(trainer.evaluate(model, test, block))
        await giveWay()
      }
      return mergeEvaluations(results)
    },
    dispose: () => {
      trainer.dispose()
    },
  }
}
