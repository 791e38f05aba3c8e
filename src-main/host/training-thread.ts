import { Worker } from 'node:worker_threads'
import { EspalierError } from '../contract/commands'
import type { ModelPlan } from '../engine/models/plan'
import type { PoolImages, ThreadData, ThreadJob, ThreadReply, ThreadRequest } from './thread-protocol'

/** What a thread must have opened before it can do a job. Compared by identity. */
export interface ThreadSetting {
  readonly plan: ModelPlan
  readonly images: PoolImages
}

interface Waiting {
  resolve(value: unknown): void
  reject(reason: Error): void
}

/** One worker thread and the job it is at. */
export class TrainingThread {
  readonly #worker: Worker
  #setting: ThreadSetting | null = null
  #waiting: Waiting | null = null
  #ended: Error | null = null

  constructor(url: URL, data: ThreadData) {
    this.#worker = new Worker(url, { workerData: data })
    this.#worker.on('message', (reply: ThreadReply) => {
      const waiting = this.#waiting
      this.#waiting = null
      if (reply.ok) waiting?.resolve(reply.value)
      else waiting?.reject(new EspalierError(reply.kind, reply.message))
    })
    this.#worker.on('error', (error) => {
      this.#end(`A training thread ended unexpectedly: ${error.message}`, error)
    })
    this.#worker.on('exit', (code) => {
      this.#end(`A training thread ended unexpectedly with code ${code}.`)
    })
  }

  get isIdle(): boolean {
    return this.#waiting === null && this.#ended === null
  }

  get hasEnded(): boolean {
    return this.#ended !== null
  }

  /** Whether the job needs no other plan or data set to be opened first. */
  serves(setting: ThreadSetting): boolean {
    return this.#setting === setting
  }

  /** Does one job; the thread must be idle. Rejects when the trainer throws or the thread ends. */
  run(setting: ThreadSetting, job: ThreadJob): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (this.#ended !== null) {
        reject(this.#ended)
        return
      }
      this.#waiting = { resolve, reject }
      if (!this.serves(setting)) {
        this.#setting = setting
        this.#post({ type: 'open', ...setting })
      }
      this.#post(job)
    })
  }

  /** Stops the thread at once, in the middle of a job too. */
  async terminate(): Promise<void> {
    this.#end('The training thread was stopped.')
    await this.#worker.terminate()
  }

  #post(request: ThreadRequest): void {
    this.#worker.postMessage(request)
  }

  #end(message: string, cause?: Error): void {
    if (this.#ended !== null) return
    this.#ended = new EspalierError('failed', message, { cause })
    this.#waiting?.reject(this.#ended)
    this.#waiting = null
  }
}
