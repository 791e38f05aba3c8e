import { namedStream } from '../../src-main/engine/random/streams'
import type { LabelledImages } from '../../src-main/engine/trainer/trainer'

/** Noise that can be learned: the pixel with the number of the class is bright. */
export function noiseImages(count: number, label: string, shape: LabelledImages['shape'] = [1, 5, 5]): LabelledImages {
  const stream = namedStream(7, label)
  const size = shape[0] * shape[1] * shape[2]
  const pixels = Uint8Array.from({ length: count * size }, () => stream.integer(128))
  const labels = Uint8Array.from({ length: count }, () => stream.integer(10))
  labels.forEach((bright, index) => (pixels[index * size + bright] = 255))
  return { pixels, labels, count, shape, mean: [0.25], deviation: [0.2] }
}
