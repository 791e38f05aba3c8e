import { EspalierError } from '../../contract/commands'
import type { ModelPlan } from '../models/plan'
import type { ClientTask, LabelledImages } from './trainer'

/** Throws unless the images are those of the plan and every index names one whose label is a class. */
export function checkImages(
  { inputShape, classes, name }: ModelPlan,
  images: LabelledImages,
  indices: Uint32Array,
): void {
  if (images.shape.some((size, axis) => size !== inputShape[axis])) {
    throw new EspalierError(
      'wrong-input',
      `images: ${images.shape.join(' × ')} is not allowed; model ${name} takes ${inputShape.join(' × ')}`,
    )
  }
  for (const index of indices) {
    if (index >= images.count) {
      throw new EspalierError('wrong-input', `indices: ${index} is not allowed; allowed: below ${images.count}`)
    }
    if (images.labels[index] >= classes) {
      throw new EspalierError(
        'wrong-input',
        `labels: ${images.labels[index]} (image ${index}) is not allowed; allowed: below ${classes}`,
      )
    }
  }
}

/** Throws unless the task's images and batch size can be trained with. */
export function checkTask(plan: ModelPlan, { images, indices, batchSize }: ClientTask): void {
  checkImages(plan, images, indices)
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new EspalierError('wrong-input', `batchSize: ${batchSize} is not allowed; allowed: a whole number above 0`)
  }
}

/** Throws unless an array is as long as the plan asks. */
export function checkLength(field: string, length: number, expected: number): void {
  if (length !== expected) {
    throw new EspalierError('wrong-input', `${field}: length ${length} is not allowed; allowed: ${expected}`)
  }
}
