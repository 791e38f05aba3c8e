import type { MethodRecipe } from '../methods/recipe'
import type { GroupTrainer } from '../trainer/group-trainer'
import type {
  ClientResult,
  ClientTask,
  DeferredTrainer,
  Evaluation,
  LabelledImages,
  LossGradient,
  MaskedModel,
} from '../trainer/trainer'
import type { ClientJob, ClientPool } from './client-pool'
import type { ClientReport } from './client-work'
import { evaluationBlocks, mergeEvaluations } from './evaluation'
import { runClient } from './run-client'

/**
 * A pool on one device. Clients work side by side, and whenever all of them wait for local training it is done for all at
 * once, so that every method trains in groups without knowing of them.
 *
 * @param clientsAtOnce most clients side by side; 1 does one after the other
 */
export function createGroupPool(
  trainer: GroupTrainer,
  train: LabelledImages,
  test: LabelledImages,
  clientsAtOnce: number,
  recipe?: MethodRecipe,
): ClientPool {
  return {
    description: trainer.description,
    train,
    test,
    async trainClients(jobs, onClientDone, signal) {
      const reports = new Array<ClientReport>(jobs.length)
      let done = 0
      for (const crowd of crowdsOf(jobs, clientsAtOnce)) {
        signal.throwIfAborted()
        const failed = new AbortController()
        const gathering = new Gathering(trainer, crowd.length, AbortSignal.any([signal, failed.signal]))
        await Promise.all(
          crowd.map(async (place) => {
            try {
              reports[place] = await runClient(gathering, jobs[place], { train, test }, recipe)
            } catch (error) {
              failed.abort(error)
              throw error
            } finally {
              gathering.leave()
            }
            done++
            onClientDone(done)
          }),
        )
      }
      return reports
    },
    async evaluateEach(jobs, signal) {
      const results: Evaluation[] = []
      for (const { indices, ...model } of jobs) {
        signal.throwIfAborted()
        results.push(await trainer.evaluate(model, test, indices))
      }
      return results
    },
    async evaluateTestSet(model, signal) {
      const results: Evaluation[] = []
      for (const block of evaluationBlocks(test.count)) {
        signal.throwIfAborted()
        results.push(await trainer.evaluate(model, test, block))
      }
      return mergeEvaluations(results)
    },
  }
}

/** Places of the jobs that work side by side: those with about as many images, so that a group waits little for its last. */
function crowdsOf(jobs: readonly ClientJob[], size: number): number[][] {
  const places = jobs.map((_, place) => place)
  places.sort((one, other) => jobs[other].indices.length - jobs[one].indices.length)
  return Array.from({ length: Math.ceil(places.length / size) }, (_, crowd) =>
    places.slice(crowd * size, (crowd + 1) * size),
  )
}

interface Waiting {
  readonly task: ClientTask
  readonly resolve: (result: ClientResult) => void
  readonly reject: (reason: unknown) => void
}

/** The trainer that clients working side by side share: local training begins when nobody does anything else. */
class Gathering implements DeferredTrainer {
  #waiting: Waiting[] = []

  constructor(
    private readonly trainer: GroupTrainer,
    private working: number,
    private readonly signal: AbortSignal,
  ) {}

  get plan() {
    return this.trainer.plan
  }

  get description() {
    return this.trainer.description
  }

  trainClient(task: ClientTask): Promise<ClientResult> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ task, resolve, reject })
      this.#trainIfAllWait()
    })
  }

  evaluate(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<Evaluation> {
    return this.trainer.evaluate(model, images, indices)
  }

  gradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<LossGradient> {
    return this.trainer.gradient(model, images, indices)
  }

  dispose(): void {
    // The trainer outlives the round.
  }

  /** Says that one of the clients has ended its work. */
  leave(): void {
    this.working--
    this.#trainIfAllWait()
  }

  #trainIfAllWait(): void {
    if (this.#waiting.length === 0 || this.#waiting.length < this.working) return
    const group = this.#waiting.splice(0)
    this.trainer
      .trainClients(
        group.map(({ task }) => task),
        () => {},
        this.signal,
      )
      .then(
        (results) => {
          results.forEach((result, index) => {
            group[index].resolve(result)
          })
        },
        (error: unknown) => {
          for (const { reject } of group) reject(error)
        },
      )
  }
}
