import type { Experiment } from '../../contract/experiment'
import type { PartitionPreview } from '../../contract/preview'
import { withLabelNoise } from './label-noise'
import { partitionData } from './partition'
import { clientStatistics, partitionStatistics } from './partition-statistics'

/** The partition of an experiment as counts per client and class. Throws where `partitionData` does. */
export function previewPartition(
  experiment: Experiment,
  trainLabels: Uint8Array,
  testLabels: Uint8Array,
  classNames: readonly string[],
): PartitionPreview {
  const { train, test, redraws } = partitionData(experiment, trainLabels, testLabels)
  const sizes = train.map((indices) => indices.length)
  const smallest = sizes.indexOf(sizes.reduce((a, b) => Math.min(a, b)))
  const largest = sizes.indexOf(sizes.reduce((a, b) => Math.max(a, b)))
  const counts = train.map((indices) => histogram(indices, trainLabels, classNames.length))
  const noisy = withLabelNoise(experiment, { labels: trainLabels }, testLabels, classNames.length).labels
  return {
    classNames,
    counts,
    testCounts: test.map((indices) => histogram(indices, testLabels, classNames.length)),
    clients: clientStatistics(counts),
    statistics: partitionStatistics(sizes),
    wrongLabels: train.map((indices) =>
      indices.reduce((wrong, at) => wrong + (noisy[at] === trainLabels[at] ? 0 : 1), 0),
    ),
    smallestClient: { client: smallest, images: sizes[smallest] },
    largestClient: { client: largest, images: sizes[largest] },
    unusedImages: trainLabels.length - sizes.reduce((sum, size) => sum + size, 0),
    redraws,
  }
}

function histogram(indices: Uint32Array, labels: Uint8Array, classes: number): number[] {
  const counts = new Array<number>(classes).fill(0)
  for (const index of indices) counts[labels[index]]++
  return counts
}
