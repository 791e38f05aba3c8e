import type { DensePlan, ModelPlan } from '../../src-main/engine/models/plan'
import { range } from '../../src-main/engine/random/draw'
import { namedStream } from '../../src-main/engine/random/streams'
import { batches } from '../../src-main/engine/trainer/batch-order'
import type { LabelledImages, MaskedModel, Trainer } from '../../src-main/engine/trainer/trainer'

/**
 * A trainer for networks of dense layers with ReLU between them, written for reading: float64 arithmetic straight from the
 * formulas, parameters rounded to float32 after each step. A referee for faster trainers, and for tests of what lies above.
 */
export function createReferenceTrainer(plan: ModelPlan): Trainer {
  const layers = plan.prunable.map((layer): DensePlan => {
    if (layer.kind !== 'dense') throw new Error(`the reference trainer has no ${layer.kind}`)
    return layer
  })

  function input(images: LabelledImages, index: number): Float64Array {
    const [channels, height, width] = images.shape
    const size = channels * height * width
    return Float64Array.from({ length: size }, (_, at) => {
      const channel = Math.floor(at / (height * width))
      return (images.pixels[index * size + at] / 255 - images.mean[channel]) / images.deviation[channel]
    })
  }

  /** Outputs of every layer before ReLU, and what each layer received. */
  function forward(parameters: Float32Array, first: Float64Array) {
    const inputs = [first]
    const outputs: Float64Array[] = []
    layers.forEach((layer, depth) => {
      const received = inputs[depth]
      const output = new Float64Array(layer.outputs)
      for (let row = 0; row < layer.outputs; row++) {
        let sum = parameters[layer.biasOffset + row]
        const start = layer.weightOffset + row * layer.inputs
        for (let column = 0; column < layer.inputs; column++) sum += parameters[start + column] * received[column]
        output[row] = sum
      }
      outputs.push(output)
      inputs.push(output.map((value) => Math.max(0, value)))
    })
    return { inputs, logits: outputs[outputs.length - 1] }
  }

  function lossAndProbabilities(logits: Float64Array, label: number) {
    const largest = logits.reduce((a, b) => Math.max(a, b))
    const exponentials = logits.map((value) => Math.exp(value - largest))
    const sum = exponentials.reduce((a, b) => a + b)
    return { loss: Math.log(sum) - (logits[label] - largest), probabilities: exponentials.map((value) => value / sum) }
  }

  /** Mean loss and gradient over a batch, for every parameter, masked or not. */
  function gradient(parameters: Float32Array, images: LabelledImages, batch: Uint32Array) {
    const total = new Float64Array(plan.parameterCount)
    let lossSum = 0
    for (const index of batch) {
      const { inputs, logits } = forward(parameters, input(images, index))
      const label = images.labels[index]
      const { loss, probabilities } = lossAndProbabilities(logits, label)
      lossSum += loss
      let error = probabilities.map((value, at) => (value - (at === label ? 1 : 0)) / batch.length)
      for (let depth = layers.length - 1; depth >= 0; depth--) {
        const layer = layers[depth]
        const received = inputs[depth]
        const backward = new Float64Array(layer.inputs)
        for (let row = 0; row < layer.outputs; row++) {
          total[layer.biasOffset + row] += error[row]
          const start = layer.weightOffset + row * layer.inputs
          for (let column = 0; column < layer.inputs; column++) {
            total[start + column] += error[row] * received[column]
            backward[column] += error[row] * parameters[start + column]
          }
        }
        error = backward.map((value, at) => (received[at] > 0 ? value : 0))
      }
    }
    return { total, loss: lossSum / batch.length }
  }

  /** 1 for biases and active weights. */
  function trainable(mask: Uint8Array): Uint8Array {
    const flags = new Uint8Array(plan.parameterCount).fill(1)
    for (const layer of layers) {
      flags.set(mask.subarray(layer.maskOffset, layer.maskOffset + layer.weightCount), layer.weightOffset)
    }
    return flags
  }

  return {
    plan,
    description: 'reference',
    trainClient(task) {
      const parameters = task.parameters.slice()
      const flags = trainable(task.mask)
      const anchor = task.anchor ?? task.parameters
      const velocity = (task.velocity ?? new Float32Array(plan.parameterCount)).map((value, at) => flags[at] * value)
      let steps = 0
      let lossSum = 0
      for (const batch of batches(task)) {
        const { total, loss } = gradient(parameters, task.images, batch)
        for (let at = 0; at < parameters.length; at++) {
          if (flags[at] === 0) continue
          const weight = parameters[at]
          const pull = task.weightDecay * weight + task.proximalCoefficient * (weight - anchor[at])
          velocity[at] = task.momentum * velocity[at] + total[at] + pull
          parameters[at] = weight - task.learningRate * velocity[at]
        }
        steps++
        lossSum += loss
      }
      return { parameters, velocity, steps, lossSum }
    },
    evaluate(model: MaskedModel, images, indices) {
      let lossSum = 0
      const correct = Uint8Array.from(indices, (index) => {
        const { logits } = forward(model.parameters, input(images, index))
        const label = images.labels[index]
        lossSum += lossAndProbabilities(logits, label).loss
        return logits.indexOf(logits.reduce((a, b) => Math.max(a, b))) === label ? 1 : 0
      })
      return { lossSum, correct }
    },
    gradient(model, images, indices) {
      const { total, loss } = gradient(model.parameters, images, indices)
      return { loss, gradient: Float32Array.from(total) }
    },
    dispose: () => {},
  }
}

/** Images of `classes` kinds: each class is a random pattern plus noise, so that a small network learns it soon. */
export function syntheticImages(
  count: number,
  shape: readonly [number, number, number],
  classes: number,
  name: string,
): LabelledImages {
  const size = shape[0] * shape[1] * shape[2]
  const patterns = Array.from({ length: classes }, (_, label) => {
    const stream = namedStream(11, `pattern/${label}`)
    return Array.from({ length: size }, () => stream.integer(200))
  })
  const noise = namedStream(11, `noise/${name}`)
  const labels = Uint8Array.from(range(count), () => noise.integer(classes))
  const pixels = new Uint8Array(count * size)
  labels.forEach((label, image) => {
    for (let at = 0; at < size; at++) pixels[image * size + at] = patterns[label][at] + noise.integer(56)
  })
  return {
    pixels,
    labels,
    count,
    shape,
    mean: new Array<number>(shape[0]).fill(0.5),
    deviation: new Array<number>(shape[0]).fill(0.25),
  }
}
