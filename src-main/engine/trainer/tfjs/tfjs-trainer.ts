import * as tf from '@tensorflow/tfjs-core'
import type { ModelPlan } from '../../models/plan'
import { batches as batchesOf, stepCount } from '../batch-order'
import { checkImages, checkLength, checkTask } from '../checks'
import type { GroupTrainer } from '../group-trainer'
import type { ClientResult, ClientTask, Evaluation, LabelledImages, LossGradient, MaskedModel } from '../trainer'
import { deviceLayout, fromDevice, maskOnDevice, toDevice, type DeviceLayout } from './device-layout'
import { ImageReader } from './image-batch'
import { clientsThatFit, type DeviceMemory } from './memory'
import { backward, forward } from './network'

/** Images of one forward pass of an evaluation or a gradient. */
const imagesAtOnce = 250
/**
 * A device that computes beside this process is waited for this often, so that its queue stays short and a wish to stop is
 * heard.
 */
const millisecondsBetweenWaits = 50

export interface TfjsTrainerOptions extends DeviceMemory {
  /** What the trainer is called in the manifest, e.g. "tfjs/tensorflow-cpu 2.16.1". */
  readonly description: string
  /** Most clients trained together; 1 trains one after the other. */
  readonly clientsAtOnce: number
}

/**
 * The trainer on TensorFlow.js operations, on whatever backend is set. It computes densely and keeps masked weights at 0, so
 * its cost does not fall with the density. Sums run in the order of the device: results agree with the CPU trainer
 * within a tolerance, and a repetition agrees with itself as far as the device does.
 *
 * @throws EspalierError when a single client does not fit the memory of the device
 */
export function createTfjsTrainer(plan: ModelPlan, options: TfjsTrainerOptions): GroupTrainer {
  return new TfjsTrainer(plan, options)
}

/** One client on its way through a round. */
interface Course {
  readonly task: ClientTask
  /** Among the tasks. */
  readonly place: number
  readonly steps: number
}

/** The clients of a group on the device, one row each. */
interface GroupState {
  readonly parameters: tf.Tensor2D
  readonly velocities: tf.Tensor2D
  readonly received: tf.Tensor2D
  readonly mask: tf.Tensor2D
  /** Sums of the losses so far. */
  readonly losses: tf.Tensor2D
}

class TfjsTrainer implements GroupTrainer {
  readonly description: string
  readonly #layout: DeviceLayout

  constructor(
    readonly plan: ModelPlan,
    private readonly options: TfjsTrainerOptions,
  ) {
    this.description = options.description
    this.#layout = deviceLayout(plan)
  }

  liveTensors(): Promise<number> {
    return Promise.resolve(tf.memory().numTensors)
  }

  async trainClient(task: ClientTask): Promise<ClientResult> {
    const [result] = await this.trainClients([task])
    return result
  }

  async trainClients(
    tasks: readonly ClientTask[],
    onClientDone: (done: number) => void = () => {},
    signal: AbortSignal = new AbortController().signal,
  ): Promise<ClientResult[]> {
    const results = new Array<ClientResult>(tasks.length)
    let done = 0
    for (const group of this.#groups(tasks)) {
      const trained = await this.#trainGroup(group, signal)
      trained.forEach((result, index) => {
        results[group[index].place] = result
      })
      done += group.length
      onClientDone(done)
    }
    return results
  }

  async evaluate(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<Evaluation> {
    checkImages(this.plan, images, indices)
    const reader = new ImageReader(images, this.plan.classes)
    const parameters = this.#onDevice([model])
    const correct = new Uint8Array(indices.length)
    let lossSum = 0
    try {
      for (let first = 0; first < indices.length; first += imagesAtOnce) {
        const block = indices.subarray(first, first + imagesAtOnce)
        const answers = tf.tidy(() => {
          const { images: pixels, targets } = reader.read([block], [1])
          const { logits } = forward(this.plan, parameters, pixels)
          return [tf.sum(crossEntropy(logits, targets), 2), tf.argMax(logits, 2)]
        })
        const [losses, classes] = await Promise.all(answers.map((answer) => answer.data()))
        tf.dispose(answers)
        for (const [place, index] of block.entries()) {
          lossSum += losses[place]
          correct[first + place] = classes[place] === images.labels[index] ? 1 : 0
        }
      }
    } finally {
      parameters.dispose()
    }
    return { lossSum, correct }
  }

  async gradient(model: MaskedModel, images: LabelledImages, indices: Uint32Array): Promise<LossGradient> {
    checkImages(this.plan, images, indices)
    const reader = new ImageReader(images, this.plan.classes)
    const parameters = this.#onDevice([model])
    let sum = tf.zeros<tf.Rank.R2>([1, this.plan.parameterCount])
    let loss = tf.scalar(0)
    try {
      for (let first = 0; first < indices.length; first += imagesAtOnce) {
        const block = indices.subarray(first, first + imagesAtOnce)
        const [nextSum, nextLoss] = tf.tidy(() => {
          const { images: pixels, targets } = reader.read([block], [1 / indices.length])
          const pass = forward(this.plan, parameters, pixels)
          return [
            tf.add<tf.Tensor2D>(sum, backward(this.plan, pass, logitsGradient(pass.logits, targets))),
            tf.add<tf.Scalar>(loss, tf.sum(crossEntropy(pass.logits, targets))),
          ] as const
        })
        tf.dispose([sum, loss])
        sum = nextSum
        loss = nextLoss
      }
      const [gradient, [meanLoss]] = await Promise.all([sum.data<'float32'>(), loss.data<'float32'>()])
      return { loss: meanLoss, gradient: fromDevice(this.#layout, gradient) }
    } finally {
      tf.dispose([sum, loss, parameters])
    }
  }

  dispose(): void {
    // Nothing stays on the device between two calls.
  }

  /** Clients that train together share their settings; within a group those with most steps come first. */
  #groups(tasks: readonly ClientTask[]): Course[][] {
    const courses = tasks.map((task, place): Course => {
      checkTask(this.plan, task)
      return { task, place, steps: stepCount(task) }
    })
    courses.sort((one, other) => other.steps - one.steps)
    const groups: Course[][] = []
    for (const course of courses) {
      const most = clientsThatFit(this.plan, course.task.batchSize, this.options)
      const open = groups.find((group) => group.length < most && trainsAlike(group[0].task, course.task))
      if (open === undefined) groups.push([course])
      else open.push(course)
    }
    return groups
  }

  async #trainGroup(group: readonly Course[], signal: AbortSignal): Promise<ClientResult[]> {
    const reader = new ImageReader(group[0].task.images, this.plan.classes)
    const batches = group.map(({ task }) => batchesOf(task))
    const ended: GroupState[] = []
    let waitedAt = performance.now()
    let state = this.#begin(group)
    try {
      for (let step = 0; step < group[0].steps; step++) {
        const alive = group.filter(({ steps }) => steps > step).length
        if (alive < state.parameters.shape[0]) {
          const [going, stopping] = divide(state, alive)
          ended.unshift(stopping)
          state = going
        }
        const next = tf.tidy(() => this.#step(state, reader, batches.slice(0, alive).map(nextOf), group[0].task))
        tf.dispose([state.parameters, state.velocities, state.losses])
        state = { ...state, ...next }
        if (performance.now() - waitedAt > millisecondsBetweenWaits) {
          await state.losses.data()
          // Backends that compute in this very thread answer at once; only a timer lets messages in.
          await new Promise((resolve) => setTimeout(resolve, 0))
          waitedAt = performance.now()
        }
        signal.throwIfAborted()
      }
      const rows = [state, ...ended]
      const parameters = (await Promise.all(rows.map((row) => download(row.parameters)))).flat()
      const isVelocityWanted = group.some(({ task }) => task.discardsVelocity !== true)
      const velocities = isVelocityWanted
        ? (await Promise.all(rows.map((row) => download(row.velocities)))).flat()
        : null
      const losses = (await Promise.all(rows.map((row) => download(row.losses)))).flat()
      return group.map(({ steps }, row) => ({
        parameters: fromDevice(this.#layout, parameters[row]),
        velocity: velocities === null ? new Float32Array(0) : fromDevice(this.#layout, velocities[row]),
        steps,
        lossSum: losses[row][0],
      }))
    } finally {
      for (const row of [state, ...ended]) tf.dispose(Object.values(row) as tf.Tensor2D[])
    }
  }

  #begin(group: readonly Course[]): GroupState {
    const tasks = group.map(({ task }) => task)
    const zeros = new Float32Array(this.plan.parameterCount)
    const parameters = this.#onDevice(tasks)
    return {
      parameters,
      velocities: this.#onDevice(tasks.map(({ mask, velocity }) => ({ parameters: velocity ?? zeros, mask }))),
      received: this.#onDevice(tasks.map((task) => ({ parameters: task.anchor ?? task.parameters, mask: task.mask }))),
      mask: stacked(tasks.map(({ mask }) => maskOnDevice(this.plan, this.#layout, mask))),
      losses: tf.zeros([group.length, 1]),
    }
  }

  /** One SGD step of every client. */
  #step(
    { parameters, velocities, received, mask, losses }: GroupState,
    reader: ImageReader,
    batches: readonly Uint32Array[],
    { learningRate, momentum, weightDecay, proximalCoefficient }: ClientTask,
  ): Pick<GroupState, 'parameters' | 'velocities' | 'losses'> {
    const { images, targets } = reader.read(batches)
    const pass = forward(this.plan, parameters, images)
    let gradient: tf.Tensor2D = backward(this.plan, pass, logitsGradient(pass.logits, targets))
    if (weightDecay !== 0) gradient = tf.add(gradient, tf.mul(parameters, weightDecay))
    if (proximalCoefficient !== 0) {
      gradient = tf.add(gradient, tf.mul(tf.sub(parameters, received), proximalCoefficient))
    }
    const moved: tf.Tensor2D = tf.mul(momentum === 0 ? gradient : tf.add(tf.mul(velocities, momentum), gradient), mask)
    return {
      parameters: tf.sub(parameters, tf.mul(moved, learningRate)),
      velocities: moved,
      losses: tf.add(losses, tf.reshape(tf.sum(crossEntropy(pass.logits, targets), [1, 2]), [batches.length, 1])),
    }
  }

  #onDevice(models: readonly MaskedModel[]): tf.Tensor2D {
    return stacked(
      models.map(({ parameters, mask }) => {
        checkLength('parameters', parameters.length, this.plan.parameterCount)
        checkLength('mask', mask.length, this.plan.prunableCount)
        return toDevice(this.plan, this.#layout, parameters, mask)
      }),
    )
  }
}

function nextOf(batches: Iterator<Uint32Array, void>): Uint32Array {
  const { value } = batches.next()
  if (value === undefined) throw new Error('a client has as many batches as steps')
  return value
}

function trainsAlike(one: ClientTask, other: ClientTask): boolean {
  return (['images', 'batchSize', 'learningRate', 'momentum', 'weightDecay', 'proximalCoefficient'] as const).every(
    (name) => one[name] === other[name],
  )
}

/** Splits the rows of a group behind the first `count`; the whole is disposed of. */
function divide(state: GroupState, count: number): [GroupState, GroupState] {
  const [clients] = state.parameters.shape
  const part = (start: number, length: number) =>
    Object.fromEntries(
      Object.entries(state).map(([name, tensor]: [string, tf.Tensor2D]) => [
        name,
        tf.slice(tensor, [start, 0], [length, tensor.shape[1]]),
      ]),
    ) as unknown as GroupState
  const parts: [GroupState, GroupState] = [part(0, count), part(count, clients - count)]
  tf.dispose(Object.values(state) as tf.Tensor2D[])
  return parts
}

/** Cross-entropy per image and class: 0 but in the label's column, `[clients, images, classes]`; weighted as the targets are. */
function crossEntropy(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Tensor3D {
  const shifted: tf.Tensor3D = tf.sub(logits, tf.max(logits, 2, true))
  return tf.mul(targets, tf.sub(tf.log(tf.sum(tf.exp(shifted), 2, true)), shifted))
}

/** (softmax − label) × weight of the image. */
function logitsGradient(logits: tf.Tensor3D, targets: tf.Tensor3D): tf.Tensor3D {
  return tf.sub(tf.mul(tf.softmax(logits), tf.sum(targets, 2, true)), targets)
}

function stacked(rows: readonly Float32Array[]): tf.Tensor2D {
  const [{ length }] = rows
  const all = new Float32Array(rows.length * length)
  rows.forEach((row, index) => {
    all.set(row, index * length)
  })
  return tf.tensor2d(all, [rows.length, length])
}

/** The rows of a tensor. */
async function download(tensor: tf.Tensor2D): Promise<Float32Array[]> {
  const values = await tensor.data<'float32'>()
  const [rows, length] = tensor.shape
  return Array.from({ length: rows }, (_, row) => values.slice(row * length, (row + 1) * length))
}
