import * as tf from '@tensorflow/tfjs-core'
import type { LabelledImages } from '../trainer'

/** Images and labels of one batch per client. */
export interface ImageBatch {
  /** Standardised, `[clients × images, height, width, channels]`. */
  readonly images: tf.Tensor4D
  /** The label's column holds the weight of the image in its client's mean, `[clients, images, classes]`. */
  readonly targets: tf.Tensor3D
}

/** Reads images out of the bytes that the clients share. */
export class ImageReader {
  readonly #images: LabelledImages
  readonly #classes: number
  /** Per channel the standardised value of every byte. */
  readonly #values: Float32Array

  constructor(images: LabelledImages, classes: number) {
    this.#images = images
    this.#classes = classes
    const { shape, mean, deviation } = images
    this.#values = Float32Array.from({ length: shape[0] * 256 }, (_, index) => {
      const channel = Math.floor(index / 256)
      return ((index % 256) / 255 - mean[channel]) / deviation[channel]
    })
  }

  /**
   * One batch for each client, on the device. Clients with fewer images than the longest get their first image again with
   * weight 0.
   *
   * @param weights of one image, per client; by default 1/images
   */
  read(batches: readonly Uint32Array[], weights = batches.map((batch) => 1 / batch.length)): ImageBatch {
    const [channels, height, width] = this.#images.shape
    const longest = Math.max(...batches.map((batch) => batch.length))
    const area = height * width
    const size = channels * area
    const pixels = new Float32Array(batches.length * longest * size)
    const targets = new Float32Array(batches.length * longest * this.#classes)
    batches.forEach((batch, client) => {
      for (let place = 0; place < longest; place++) {
        const index = batch[place < batch.length ? place : 0]
        const row = client * longest + place
        this.#copy(index * size, pixels, row * size, channels, area)
        if (place < batch.length) targets[row * this.#classes + this.#images.labels[index]] = weights[client]
      }
    })
    return {
      images: tf.tensor4d(pixels, [batches.length * longest, height, width, channels]),
      targets: tf.tensor3d(targets, [batches.length, longest, this.#classes]),
    }
  }

  /** From planes to channels last. */
  #copy(from: number, to: Float32Array, at: number, channels: number, area: number): void {
    const { pixels } = this.#images
    for (let channel = 0; channel < channels; channel++) {
      const source = from + channel * area
      const table = channel * 256
      for (let place = 0; place < area; place++) {
        to[at + place * channels + channel] = this.#values[table + pixels[source + place]]
      }
    }
  }
}
