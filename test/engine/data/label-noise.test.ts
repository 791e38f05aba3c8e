import { describe, expect, it } from 'vitest'
import { withLabelNoise } from '../../../src-main/engine/data/label-noise'
import { partitionData } from '../../../src-main/engine/data/partition'
import { experimentWith } from '../experiments'

const labels = Uint8Array.from({ length: 20_000 }, (_, index) => index % 10)
const testLabels = labels.slice(0, 100)
const clients = { totalClients: 10, clientsPerRound: 10, batchSize: 32 }

function wrongShares(input: Parameters<typeof experimentWith>[0]): number[] {
  const experiment = experimentWith({ ...clients, ...input })
  const noisy = withLabelNoise(experiment, { labels }, testLabels, 10)
  return partitionData(experiment, labels, testLabels).train.map(
    (indices) => indices.filter((index) => noisy.labels[index] !== labels[index]).length / indices.length,
  )
}

describe('withLabelNoise', () => {
  it('leaves labels alone when off', () => {
    const images = { labels }
    expect(withLabelNoise(experimentWith({}), images, testLabels, 10)).toBe(images)
  })

  it('has the shares of wrong labels of the thesis, client by client', () => {
    // A random label is right with probability 0.1; 2000 images, so four deviations are about 0.05.
    const expected = [0.9, 0.9, 0.45, 0.45, 0.45, 0.18, 0.18, 0.18, 0, 0]
    wrongShares({ labelNoise: 'thesis' }).forEach((share, client) => {
      expect(Math.abs(share - expected[client])).toBeLessThan(0.05)
    })
  })

  it('touches whole batches of the client\u2019s own order, the first included', () => {
    const experiment = experimentWith({ ...clients, labelNoise: 'periodic', labelNoisePeriod: 3, seed: 7 })
    const { labels: noisy, trueLabels } = withLabelNoise(experiment, { labels }, testLabels, 10)
    expect(trueLabels).toBe(labels)
    for (const indices of partitionData(experiment, labels, testLabels).train) {
      const noisyBatches: number[] = []
      for (let batch = 0; batch * 32 < indices.length; batch++) {
        const part = indices.subarray(batch * 32, (batch + 1) * 32)
        if (part.some((index) => noisy[index] !== labels[index])) noisyBatches.push(batch)
      }
      expect(noisyBatches).toEqual(Array.from({ length: 21 }, (_, at) => at * 3))
    }
  })

  it('draws from a stream of each client, by the seed', () => {
    const noisy = (seed: number) =>
      withLabelNoise(experimentWith({ ...clients, labelNoise: 'periodic', seed }), { labels }, testLabels, 10).labels
    expect(noisy(1)).toEqual(noisy(1))
    expect(noisy(1)).not.toEqual(noisy(2))
  })
})
