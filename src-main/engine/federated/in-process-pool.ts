import type { Evaluation, LabelledImages, Trainer } from '../trainer/trainer'
import type { ClientPool, PooledClientResult } from './client-pool'
import { evaluationBlocks, mergeEvaluations } from './evaluation'
import { runClient } from './run-client'

export interface InProcessPool extends ClientPool {
  dispose(): void
}

/** A pool of one trainer on this thread. It gives way to other work after every client and every block of images. */
export function createInProcessPool(
  createTrainer: () => Trainer,
  train: LabelledImages,
  test: LabelledImages,
): InProcessPool {
  const trainer = createTrainer()
  return {
    description: trainer.description,
    train,
    test,
    async trainClients(tasks, onClientDone, signal) {
      const results: PooledClientResult[] = []
      for (const task of tasks) {
        signal.throwIfAborted()
        results.push(runClient(trainer, task, train))
        onClientDone(results.length)
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

function giveWay(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
