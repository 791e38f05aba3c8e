import { EspalierError } from '../../contract/commands'
import type { Device } from '../../contract/devices'
import { denseForwardFlops } from '../../engine/accounting/flops'
import type { ModelPlan } from '../../engine/models/plan'
import type { GroupTrainer } from '../../engine/trainer/group-trainer'
import type {
  ClientResult,
  ClientTask,
  Evaluation,
  LabelledImages,
  LossGradient,
  MaskedModel,
} from '../../engine/trainer/trainer'
import { AwakeClock } from '../awake-clock'
import { deviceLimits, Patience, type SilenceLimits, type Work } from '../patience'
import type { PoolImages } from '../thread-protocol'
import { deviceLost, DeviceMissing } from './device-errors'
import type {
  DeviceDescription,
  DevicePort,
  DeviceReply,
  DeviceRequest,
  DeviceSetting,
  ImagesName,
} from './device-protocol'

type Question = Exclude<DeviceRequest, { type: 'stop' }>
type WithoutId<Request> = Request extends unknown ? Omit<Request, 'id'> : never

interface Pending {
  readonly work: Work
  readonly resolve: (value: unknown) => void
  readonly reject: (reason: Error) => void
  readonly onProgress: (done: number) => void
}

/**
 * A device at the other end of a port. Every request is answered, also when the device is lost, and one that is silent for
 * much too long is ended and lost.
 */
export class RemoteDevice {
  readonly #pending = new Map<number, Pending>()
  readonly #patience: Patience
  /** Goes while an answer is awaited. */
  readonly #clock = new AwakeClock((passed) => this.#countSilence(passed))
  /** Milliseconds for which it has been silent while this process was awake, and since when. */
  #silence = 0
  #heardAt = 0
  /** Forward, of the run that was opened last. */
  #flopsPerImage = 0
  #nextId = 1
  #lost: EspalierError | null = null

  constructor(
    readonly device: Device,
    private readonly port: DevicePort,
    limits: SilenceLimits = deviceLimits,
  ) {
    this.#patience = new Patience(limits)
    port.onMessage((message) => {
      this.#receive(message)
    })
    port.onLost((reason) => {
      this.#lose(reason)
    })
  }

  describe(): Promise<DeviceDescription> {
    return this.#ask({ type: 'describe' }) as Promise<DeviceDescription>
  }

  /** A trainer for one run. Throws when the device has not enough memory for it. */
  async open(setting: DeviceSetting): Promise<GroupTrainer> {
    this.#flopsPerImage = denseForwardFlops(setting.plan)
    const description = (await this.#ask({ type: 'open', setting })) as string
    return new RemoteTrainer(setting.plan, description, setting.images, (question, onProgress, signal) =>
      this.#ask(question, onProgress, signal),
    )
  }

  close(): void {
    this.#end('it was closed')
  }

  #end(reason: string): void {
    this.#lose(reason)
    this.port.close()
  }

  #listen(): void {
    this.#silence = 0
    this.#heardAt = performance.now()
  }

  /** Whether an answer is still awaited. */
  #countSilence(passed: number): boolean {
    this.#silence += passed
    // It does one thing after the other, and may be at any of them.
    const limits = [...this.#pending.values()].map(({ work }) => this.#patience.limit(work))
    if (limits.length > 0 && this.#silence > Math.max(...limits))
      this.#end(
        `it has been silent for ${Math.round(this.#silence / 1000)} seconds, much longer than its work takes, and was ended`,
      )
    return this.#pending.size > 0
  }

  #ask(
    question: WithoutId<Question>,
    onProgress: (done: number) => void = () => {},
    signal?: AbortSignal,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      if (signal?.aborted === true) {
        reject(reasonOf(signal))
        return
      }
      if (this.#lost !== null) {
        reject(this.#lost)
        return
      }
      const id = this.#nextId++
      const onAbort = () => {
        this.#pending.delete(id)
        this.port.post({ type: 'stop', id })
        if (signal !== undefined) reject(reasonOf(signal))
      }
      const end = () => {
        signal?.removeEventListener('abort', onAbort)
      }
      signal?.addEventListener('abort', onAbort, { once: true })
      if (this.#pending.size === 0) this.#listen()
      this.#clock.start()
      this.#pending.set(id, {
        work: this.#workOf(question),
        resolve: (value) => {
          end()
          resolve(value)
        },
        reject: (reason) => {
          end()
          reject(reason)
        },
        onProgress,
      })
      this.port.post({ ...question, id })
    })
  }

  #receive(message: DeviceReply): void {
    if (message.type === 'lost') {
      this.#lose(message.message)
      return
    }
    const took = performance.now() - this.#heardAt
    this.#listen()
    const pending = this.#pending.get(message.id)
    if (message.type === 'progress') {
      pending?.onProgress(message.done)
      return
    }
    this.#pending.delete(message.id)
    if (message.type === 'done') {
      if (pending !== undefined) this.#patience.learn(pending.work, took)
      pending?.resolve(message.value)
    } else if (message.type === 'missing') pending?.reject(new DeviceMissing(this.device, message.why))
    else pending?.reject(new EspalierError(message.kind, message.message))
  }

  #workOf(question: WithoutId<Question>): Work {
    const kind = question.type
    switch (question.type) {
      case 'train': {
        const images = question.tasks.reduce((sum, { indices, localEpochs }) => sum + indices.length * localEpochs, 0)
        return { kind, flops: 3 * this.#flopsPerImage * images }
      }
      case 'evaluate':
      case 'gradient':
        return { kind, flops: 3 * this.#flopsPerImage * question.indices.length }
      default:
        return { kind, flops: 0 }
    }
  }

  #lose(reason: string): void {
    this.#lost ??= deviceLost(this.device, reason)
    for (const { reject } of this.#pending.values()) reject(this.#lost)
    this.#pending.clear()
  }
}

/** The trainer of one run on a device elsewhere. */
class RemoteTrainer implements GroupTrainer {
  constructor(
    readonly plan: ModelPlan,
    readonly description: string,
    private readonly images: PoolImages,
    private readonly ask: (
      question: WithoutId<Question>,
      onProgress?: (done: number) => void,
      signal?: AbortSignal,
    ) => Promise<unknown>,
  ) {}

  async trainClient(task: ClientTask): Promise<ClientResult> {
    const [result] = await this.trainClients([task])
    return result
  }

  trainClients(
    tasks: readonly ClientTask[],
    onClientDone?: (done: number) => void,
    signal?: AbortSignal,
  ): Promise<ClientResult[]> {
    const remote = tasks.map((task) => ({ ...task, images: this.#nameOf(task.images) }))
    return this.ask({ type: 'train', tasks: remote }, onClientDone, signal) as Promise<ClientResult[]>
  }

  evaluate({ parameters, mask }: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<Evaluation> {
    const batch = { parameters, mask, images: this.#nameOf(images), indices }
    return this.ask({ type: 'evaluate', ...batch }) as Promise<Evaluation>
  }

  gradient({ parameters, mask }: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<LossGradient> {
    const batch = { parameters, mask, images: this.#nameOf(images), indices }
    return this.ask({ type: 'gradient', ...batch }) as Promise<LossGradient>
  }

  liveTensors(): Promise<number> {
    return this.ask({ type: 'count-tensors' }) as Promise<number>
  }

  dispose(): void {
    // The device is closed by whoever opened it.
  }

  #nameOf(images: LabelledImages): ImagesName {
    if (images === this.images.train) return 'train'
    if (images === this.images.test) return 'test'
    throw new Error('these images were not opened on the device')
  }
}

function reasonOf({ reason }: AbortSignal): Error {
  return reason instanceof Error ? reason : new Error(String(reason))
}
