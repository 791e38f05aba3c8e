import { describe, expect, it } from 'vitest'
import { previewPartition } from '../../../src-main/engine/data/preview-partition'
import { experimentWith } from '../experiments'

describe('previewPartition', () => {
  const train = Uint8Array.from({ length: 300 }, (_, index) => index % 3)
  const test = Uint8Array.from({ length: 60 }, (_, index) => index % 3)
  const names = ['cat', 'dog', 'owl']
  const total = (rows: readonly (readonly number[])[]) => rows.flat().reduce((sum, count) => sum + count, 0)

  it('counts classes per client and finds the extremes', () => {
    const experiment = experimentWith({
      partition: 'dirichlet',
      dirichletConcentration: 0.5,
      totalClients: 4,
      clientsPerRound: 4,
    })
    const preview = previewPartition(experiment, train, test, names)
    expect(preview.classNames).toEqual(names)
    expect(total(preview.counts)).toBe(300)
    expect(total(preview.testCounts)).toBe(60)
    for (const label of [0, 1, 2]) expect(preview.counts.reduce((sum, row) => sum + row[label], 0)).toBe(100)
    const sizes = preview.counts.map((row) => total([row]))
    expect(preview.smallestClient.images).toBe(Math.min(...sizes))
    expect(sizes[preview.largestClient.client]).toBe(Math.max(...sizes))
    expect(preview.unusedImages).toBe(0)
    expect(preview.clients.map(({ images }) => images)).toEqual(sizes)
    expect(preview.statistics.largest).toBe(Math.max(...sizes))
    expect(preview.wrongLabels).toEqual([0, 0, 0, 0])
  })

  it('reports the images that nobody received', () => {
    const experiment = experimentWith({ totalClients: 4, clientsPerRound: 4, samplesPerClient: 20 })
    const preview = previewPartition(experiment, train, test, names)
    expect(preview.unusedImages).toBe(220)
    expect(preview.smallestClient).toEqual({ client: 0, images: 20 })
    expect(preview.largestClient).toEqual({ client: 0, images: 20 })
  })

  it('counts the labels that noise made wrong, and shows the true ones', () => {
    const clean = experimentWith({ totalClients: 3, clientsPerRound: 3 })
    const noisy = previewPartition({ ...clean, labelNoise: 'periodic', labelNoisePeriod: 1 }, train, test, names)
    expect(noisy.counts).toEqual(previewPartition(clean, train, test, names).counts)
    // Two labels of three are wrong: 67 of 100, and four deviations are 19.
    for (const wrong of noisy.wrongLabels) expect(Math.abs(wrong - 67)).toBeLessThan(19)
  })
})
