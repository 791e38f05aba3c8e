import { existsSync } from 'node:fs'
import { EspalierError } from '../contract/commands'
import type { ClientPool } from '../engine/federated/client-pool'
import type { ClientReport } from '../engine/federated/client-work'
import { evaluationBlocks, mergeEvaluations } from '../engine/federated/evaluation'
import type { ModelPlan } from '../engine/models/plan'
import type { Evaluation } from '../engine/trainer/trainer'
import { trainingWorkerUrl } from './application-files'
import type { KernelSource } from './kernel-source'
import { modelSharer, shareImages } from './shared-memory'
import type { PoolImages, ThreadJob } from './thread-protocol'
import { TrainingThread, type ThreadSetting } from './training-thread'

export interface WorkerPoolOptions {
  readonly kernels: KernelSource
  /** Most threads at a time. */
  readonly workers: number
  /** The built training-worker; by default the one of this application. */
  readonly workerUrl?: URL
}

/** A thread has begun or ended to train a client, or to evaluate (`client` is null). */
export interface WorkNews {
  /** Number of the thread, the smallest that is free when it is started. */
  readonly worker: number
  readonly round: number | null
  readonly client: number | null
  readonly isDone: boolean
}

interface Job {
  readonly setting: ThreadSetting
  readonly job: ThreadJob
  readonly onValue: (value: unknown) => void
  readonly onFailure: (error: unknown) => void
}

/**
 * Worker threads that train clients. Jobs go to whichever thread is free, results come back in the order of the jobs, so
 * they do not depend on the number of threads. Threads are started when there is work for them and outlive a run; a plan or
 * data set is opened in a thread when the first job needs it.
 */
export class WorkerPool {
  readonly #kernels: KernelSource
  readonly #workerUrl: URL
  readonly #threads = new Map<TrainingThread, Job | null>()
  readonly #numbers = new Map<TrainingThread, number>()
  readonly #watchers = new Set<(news: WorkNews) => void>()
  #workers: number
  #pending: Job[] = []
  #isDisposed = false

  constructor({ kernels, workers, workerUrl = trainingWorkerUrl() }: WorkerPoolOptions) {
    if (!existsSync(workerUrl)) {
      throw new EspalierError('failed', `The training thread ${workerUrl.pathname} is missing; build Espalier first.`)
    }
    this.#kernels = kernels
    this.#workerUrl = workerUrl
    this.#workers = workers
  }

  get workers(): number {
    return this.#workers
  }

  /** Changes the number of threads; those at work finish their job first. */
  resize(workers: number): void {
    this.#workers = workers
    this.#trim()
    this.#handOut()
  }

  /** Calls `watcher` whenever a thread begins or ends a job, until the returned function is called. */
  watchWork(watcher: (news: WorkNews) => void): () => void {
    this.#watchers.add(watcher)
    return () => this.#watchers.delete(watcher)
  }

  /** A client pool for one plan and data set. Throws when the trainer refuses the plan. */
  async open(plan: ModelPlan, images: PoolImages): Promise<ClientPool> {
    const setting: ThreadSetting = {
      plan,
      images: { train: shareImages(images.train), test: shareImages(images.test) },
    }
    const never = new AbortController().signal
    const [description] = await this.#runAll<string>(setting, [{ type: 'describe' }], () => {}, never)
    return {
      description,
      ...setting.images,
      trainClients: (clients, onClientDone, signal) => {
        const share = modelSharer()
        return this.#runAll<ClientReport>(
          setting,
          clients.map((client) => ({ type: 'train', client: share(client) })),
          onClientDone,
          signal,
        )
      },
      evaluateEach: (jobs, signal) => {
        const share = modelSharer()
        return this.#runAll<Evaluation>(
          setting,
          jobs.map(({ indices, ...model }) => ({ type: 'evaluate', model: share(model), indices })),
          () => {},
          signal,
        )
      },
      evaluateTestSet: async (model, signal) => {
        const shared = modelSharer()(model)
        const blocks = evaluationBlocks(setting.images.test.count)
        return mergeEvaluations(
          await this.#runAll<Evaluation>(
            setting,
            blocks.map((indices) => ({ type: 'evaluate', model: shared, indices })),
            () => {},
            signal,
          ),
        )
      },
    }
  }

  /** Ends every thread; work that is under way fails. */
  async dispose(): Promise<void> {
    this.#isDisposed = true
    const threads = [...this.#threads.keys()]
    this.#threads.clear()
    const failure = new EspalierError('failed', 'The worker pool was closed.')
    for (const job of this.#pending.splice(0)) job.onFailure(failure)
    await Promise.all(threads.map((thread) => thread.terminate()))
  }

  /**
   * All jobs, or the first failure. On failure or abort nothing of the batch is started any more and threads in the middle
   * of one of its jobs are stopped, since nobody wants their result and it may be minutes away.
   */
  #runAll<Value>(
    setting: ThreadSetting,
    jobs: readonly ThreadJob[],
    onDone: (done: number) => void,
    signal: AbortSignal,
  ): Promise<Value[]> {
    return new Promise((resolve, reject) => {
      const values: Value[] = []
      const batch = new Set<Job>()
      let done = 0
      const onAbort = () => {
        stop(signal.reason)
      }
      const stop = (error: unknown) => {
        signal.removeEventListener('abort', onAbort)
        this.#pending = this.#pending.filter((job) => !batch.has(job))
        for (const [thread, job] of this.#threads) if (job !== null && batch.has(job)) this.#discard(thread)
        batch.clear()
        reject(error instanceof Error ? error : new Error(String(error)))
        this.#handOut()
      }
      if (signal.aborted || this.#isDisposed) {
        stop(signal.aborted ? signal.reason : new EspalierError('failed', 'The worker pool was closed.'))
        return
      }
      if (jobs.length === 0) {
        resolve([])
        return
      }
      signal.addEventListener('abort', onAbort)
      jobs.forEach((job, index) => {
        const entry: Job = {
          setting,
          job,
          onValue: (value) => {
            if (!batch.delete(entry)) return
            values[index] = value as Value
            done++
            onDone(done)
            if (batch.size > 0) return
            signal.removeEventListener('abort', onAbort)
            resolve(values)
          },
          onFailure: (error) => {
            if (batch.has(entry)) stop(error)
          },
        }
        batch.add(entry)
        this.#pending.push(entry)
      })
      this.#handOut()
    })
  }

  #handOut(): void {
    if (this.#isDisposed) return
    for (;;) {
      const job = this.#pending.at(0)
      if (job === undefined) return
      const thread = this.#freeThread(job.setting)
      if (thread === null) return
      this.#pending.shift()
      this.#threads.set(thread, job)
      this.#tellWork(thread, job, false)
      thread.run(job.setting, job.job).then(
        (value) => {
          this.#tellWork(thread, job, true)
          this.#release(thread)
          job.onValue(value)
        },
        (error: unknown) => {
          this.#tellWork(thread, job, true)
          this.#release(thread)
          job.onFailure(error)
        },
      )
    }
  }

  #tellWork(thread: TrainingThread, { job }: Job, isDone: boolean): void {
    const worker = this.#numbers.get(thread)
    if (worker === undefined || job.type === 'describe') return
    const { round, client } = job.type === 'train' ? job.client : { round: null, client: null }
    for (const watcher of this.#watchers) watcher({ worker, round, client, isDone })
  }

  #freeThread(setting: ThreadSetting): TrainingThread | null {
    for (const thread of this.#threads.keys()) if (thread.hasEnded) this.#forget(thread)
    const idle = [...this.#threads.keys()].filter((thread) => thread.isIdle)
    const known = idle.find((thread) => thread.serves(setting)) ?? idle.at(0)
    if (known !== undefined) return known
    if (this.#threads.size >= this.#workers) return null
    const thread = new TrainingThread(this.#workerUrl, { kernels: this.#kernels })
    this.#threads.set(thread, null)
    const taken = new Set(this.#numbers.values())
    let number = 0
    while (taken.has(number)) number++
    this.#numbers.set(thread, number)
    return thread
  }

  #release(thread: TrainingThread): void {
    if (!this.#threads.has(thread)) return
    this.#threads.set(thread, null)
    this.#trim()
    this.#handOut()
  }

  /** Ends idle threads beyond the number of workers. */
  #trim(): void {
    for (const [thread, job] of this.#threads) {
      if (this.#threads.size <= this.#workers) return
      if (job === null) this.#discard(thread)
    }
  }

  #discard(thread: TrainingThread): void {
    this.#forget(thread)
    // Nothing waits for the end of a thread that nobody uses any more; its memory goes with it.
    void thread.terminate()
  }

  #forget(thread: TrainingThread): void {
    this.#threads.delete(thread)
    this.#numbers.delete(thread)
  }
}
