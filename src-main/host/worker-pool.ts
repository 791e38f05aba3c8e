import { existsSync } from 'node:fs'
import { EspalierError } from '../contract/commands'
import { denseForwardFlops } from '../engine/accounting/flops'
import type { ClientPool } from '../engine/federated/client-pool'
import type { ClientReport } from '../engine/federated/client-work'
import { evaluationBlocks, mergeEvaluations } from '../engine/federated/evaluation'
import type { ModelPlan } from '../engine/models/plan'
import type { Evaluation } from '../engine/trainer/trainer'
import { trainingWorkerUrl } from './application-files'
import type { KernelSource } from './kernel-source'
import { AwakeClock } from './awake-clock'
import { Patience, threadLimits, type SilenceLimits, type Work } from './patience'
import { modelSharer, shareImages } from './shared-memory'
import type { PoolImages, ThreadJob } from './thread-protocol'
import { TrainingThread, type ThreadSetting } from './training-thread'

export interface WorkerPoolOptions {
  readonly kernels: KernelSource
  /** Most threads at a time. */
  readonly workers: number
  /** The built training-worker; by default the one of this application. */
  readonly workerUrl?: URL
  /** What silence is too long; by default that of `threadLimits`. */
  readonly silence?: SilenceLimits
}

/** A job at which so many threads have hung is not given to another one. */
const mostHung = 2

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
  readonly patience: Patience
  readonly job: ThreadJob
  readonly onValue: (value: unknown) => void
  readonly onFailure: (error: unknown) => void
  /** Threads that hung at it. */
  hung: number
  /** Milliseconds for which its thread has been silent while this process was awake. */
  silence: number
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
  readonly #limits: SilenceLimits
  /** Goes while a thread is at work. */
  readonly #clock = new AwakeClock((passed) => this.#countSilence(passed))

  constructor({ kernels, workers, workerUrl = trainingWorkerUrl(), silence = threadLimits }: WorkerPoolOptions) {
    if (!existsSync(workerUrl)) {
      throw new EspalierError('failed', `The training thread ${workerUrl.pathname} is missing; build Espalier first.`)
    }
    this.#kernels = kernels
    this.#workerUrl = workerUrl
    this.#workers = workers
    this.#limits = silence
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
    const patience = new Patience(this.#limits)
    const never = new AbortController().signal
    const [description] = await this.#runAll<string>(setting, patience, [{ type: 'describe' }], () => {}, never)
    return {
      description,
      ...setting.images,
      trainClients: (clients, onClientDone, signal) => {
        const share = modelSharer()
        return this.#runAll<ClientReport>(
          setting,
          patience,
          clients.map((client) => ({ type: 'train', client: share(client) })),
          onClientDone,
          signal,
        )
      },
      evaluateEach: (jobs, signal) => {
        const share = modelSharer()
        return this.#runAll<Evaluation>(
          setting,
          patience,
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
            patience,
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
    this.#clock.stop()
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
    patience: Patience,
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
          patience,
          job,
          hung: 0,
          silence: 0,
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
      job.silence = 0
      this.#clock.start()
      this.#tellWork(thread, job, false)
      const attempt = job.hung
      const startedAt = performance.now()
      thread.run(job.setting, job.job).then(
        (value) => {
          job.patience.learn(workOf(job), performance.now() - startedAt)
          this.#tellWork(thread, job, true)
          this.#release(thread)
          job.onValue(value)
        },
        (error: unknown) => {
          this.#tellWork(thread, job, true)
          const hasHung = job.hung > attempt
          if (hasHung && job.hung < mostHung && !this.#isDisposed) {
            this.#pending.unshift(job)
            this.#handOut()
            return
          }
          this.#release(thread)
          job.onFailure(hasHung ? hungAgain(job) : error)
        },
      )
    }
  }

  /** Counts the silence of the threads at work, and gives up those that have hung. Whether any is at work. */
  #countSilence(passed: number): boolean {
    let isAnyBusy = false
    for (const [thread, job] of this.#threads) {
      if (job === null) continue
      isAnyBusy = true
      job.silence += passed
      if (job.silence > job.patience.limit(workOf(job), job.hung)) this.#giveUp(thread, job)
    }
    return isAnyBusy
  }

  #giveUp(thread: TrainingThread, job: Job): void {
    job.hung++
    console.error(
      `espalier: a training thread has been silent for ${seconds(job.silence)} seconds at ${wordsFor(job)} and is ended`,
    )
    this.#discard(thread)
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

function hungAgain(job: Job): EspalierError {
  return new EspalierError(
    'failed',
    `Two training threads in turn did not answer at ${wordsFor(job)}, the last one for ${seconds(job.silence)} seconds, much longer than it takes. Everything up to the last round is kept: resume the run; if it happens again, start Espalier anew.`,
  )
}

function workOf({ job, setting: { plan } }: Job): Work {
  const forward = denseForwardFlops(plan)
  switch (job.type) {
    case 'describe':
      return { kind: 'describe', flops: 0 }
    case 'evaluate':
      return { kind: 'evaluate', flops: forward * job.indices.length }
    case 'train': {
      const { work, indices, experiment } = job.client
      return { kind: `train ${work ?? ''}`, flops: 3 * forward * indices.length * experiment.localEpochs }
    }
  }
}

function wordsFor({ job }: Job): string {
  return job.type === 'train' ? `client ${job.client.client} of round ${job.client.round}` : 'an evaluation'
}

function seconds(milliseconds: number): number {
  return Math.round(milliseconds / 1000)
}
