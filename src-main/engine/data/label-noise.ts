import type { Experiment } from '../../contract/experiment'
import { namedStream } from '../random/streams'
import type { LabelledImages } from '../trainer/trainer'
import { partitionData } from './partition'

/**
 * Every how many batches one is noisy, by client id modulo ten: the third scenario of the seed's thesis. Its first batch is
 * noisy even with a period beyond its batches.
 */
const thesisPeriods = [1, 1, 2, 2, 2, 5, 5, 5, 10_000, 10_000]

function noisePeriod({ labelNoise, labelNoisePeriod }: Experiment, client: number): number {
  return labelNoise === 'thesis' ? thesisPeriods[client % thesisPeriods.length] : labelNoisePeriod
}

/**
 * The training images with the experiment's label noise: every client's images, in its own order, are taken in batches of
 * `batchSize`; every period-th batch, the first included, gets labels uniform over `classes`, once and for all rounds. A
 * random label may be the right one. The labels without noise stay beside as `trueLabels`: the partition goes by them.
 */
export function withLabelNoise<Images extends Pick<LabelledImages, 'labels'>>(
  experiment: Experiment,
  train: Images,
  testLabels: Uint8Array,
  classes: number,
): Images & Pick<LabelledImages, 'trueLabels'> {
  if (experiment.labelNoise === 'off') return train
  const labels = train.labels.slice()
  partitionData(experiment, train.labels, testLabels).train.forEach((indices, client) => {
    const period = noisePeriod(experiment, client)
    const stream = namedStream(experiment.seed, `label-noise/${client}`)
    for (let start = 0; start < indices.length; start += experiment.batchSize * period) {
      for (const index of indices.subarray(start, start + experiment.batchSize)) labels[index] = stream.integer(classes)
    }
  })
  return { ...train, labels, trueLabels: train.labels }
}
