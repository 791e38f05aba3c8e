import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { cutPositions, offByOneCuts } from '../../../src-main/engine/data/cut-positions'
import { partitionData, type Partition } from '../../../src-main/engine/data/partition'
import { range } from '../../../src-main/engine/random/draw'
import { namedStream } from '../../../src-main/engine/random/streams'
import { digest } from '../digest'
import { experimentWith } from '../experiments'

function labelsOf(count: number, seed: number): Uint8Array {
  const stream = namedStream(seed, 'labels')
  return Uint8Array.from(range(count), () => stream.integer(10))
}
const train = labelsOf(3000, 1)
const test = labelsOf(500, 2)

const together = (parts: readonly Uint32Array[]) => parts.flatMap((part) => [...part]).sort((a, b) => a - b)
const sizes = (parts: readonly Uint32Array[]) => parts.map((part) => part.length)
const classCount = (indices: Iterable<number>, labels: Uint8Array, label: number) =>
  [...indices].filter((index) => labels[index] === label).length
const classShares = (indices: Uint32Array, labels: Uint8Array) => {
  const counts = new Array<number>(10).fill(0)
  for (const index of indices) counts[labels[index]] += 1 / indices.length
  return counts
}

/** Every client has its share of each class in both sets, up to the rounding of whole images. */
function expectMatchingTestImages(shared: Partition): void {
  for (let label = 0; label < 10; label++) {
    const trainTotal = classCount(range(train.length), train, label)
    const testTotal = classCount(range(test.length), test, label)
    shared.train.forEach((indices, client) => {
      const share = classCount(indices, train, label) / trainTotal
      const tested = classCount(shared.test[client], test, label)
      expect(Math.abs(tested - share * testTotal)).toBeLessThan(1 + testTotal / trainTotal + 1e-9)
    })
  }
}

describe('cutPositions', () => {
  it('gives every client its own share, the first included', () => {
    // Worked by hand; FedDST's own code loses the first share and with it 13 of these 30 samples.
    const first = cutPositions(10, [0.2, 0.3, 0.5])
    const second = cutPositions(20, [0.55, 0.15, 0.3])
    const share = (cuts: number[], client: number) => cuts[client + 1] - cuts[client]
    expect([0, 1, 2].map((client) => [share(first, client), share(second, client)])).toEqual([
      [2, 11],
      [3, 3],
      [5, 6],
    ])
  })

  it('ends at the count whatever the rounding of the shares', () => {
    fc.assert(
      fc.property(fc.nat(1000), fc.array(fc.double({ min: 1e-9, max: 1, noNaN: true }), { minLength: 1 }), (n, raw) => {
        const sum = raw.reduce((a, b) => a + b)
        const cuts = cutPositions(
          n,
          raw.map((value) => value / sum),
        )
        expect(cuts[0]).toBe(0)
        expect(cuts.at(-1)).toBe(n)
        expect(cuts.every((cut, at) => at === 0 || cut >= cuts[at - 1])).toBe(true)
      }),
    )
  })
})

describe('offByOneCuts', () => {
  it('loses the first share, as FedDST does', () => {
    const cuts = [offByOneCuts(10, [0.2, 0.3, 0.5]), offByOneCuts(20, [0.55, 0.15, 0.3])]
    expect([0, 1, 2].map((client) => cuts.map((row) => row[client + 1] - row[client]))).toEqual([
      [3, 3],
      [5, 6],
      [0, 0],
    ])
  })
})

/** Partitions that leave no image out. */
const complete = ['iid', 'dirichlet', 'dirichlet-balanced', 'dirichlet-per-client', 'shards', 'quantity'] as const

describe('partitionData', () => {
  it('gives every image to exactly one client', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...complete),
        fc.integer({ min: 1, max: 40 }),
        fc.double({ min: 0.05, max: 100, noNaN: true }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(),
        (partition, totalClients, dirichletConcentration, shardsPerClient, seed) => {
          const shared = partitionData(
            experimentWith({
              partition,
              totalClients,
              clientsPerRound: 1,
              dirichletConcentration,
              shardsPerClient,
              seed,
              minimumSamplesPerClient: 0,
            }),
            train,
            test,
          )
          expect(shared.train).toHaveLength(totalClients)
          expect(together(shared.train)).toEqual([...range(train.length)])
          expect(together(shared.test)).toEqual([...range(test.length)])
        },
      ),
      { numRuns: 40 },
    )
  })

  it('shares evenly to within one image under iid', () => {
    const { train: parts } = partitionData(experimentWith({ totalClients: 7, clientsPerRound: 7 }), train, test)
    expect(new Set(sizes(parts))).toEqual(new Set([428, 429]))
  })

  it('gives a client test images in the proportions of its training images under Dirichlet', () => {
    const experiment = experimentWith({
      partition: 'dirichlet',
      dirichletConcentration: 0.3,
      totalClients: 5,
      clientsPerRound: 5,
    })
    const shared = partitionData(experiment, train, test)
    expectMatchingTestImages(shared)
  })

  it('is more skewed at a small concentration, and nearly even at a large one', () => {
    const spread = (dirichletConcentration: number) => {
      const { train: parts } = partitionData(
        experimentWith({ partition: 'dirichlet', dirichletConcentration, totalClients: 5, clientsPerRound: 5 }),
        train,
        test,
      )
      return Math.max(...parts.flatMap((indices) => classShares(indices, train)))
    }
    expect(spread(0.05)).toBeGreaterThan(0.5)
    expect(spread(10_000)).toBeLessThan(0.16)
  })

  it('draws again until every client has the minimum', () => {
    const draw = (minimumSamplesPerClient: number) =>
      partitionData(
        experimentWith({
          partition: 'dirichlet',
          dirichletConcentration: 0.1,
          totalClients: 10,
          clientsPerRound: 10,
          minimumSamplesPerClient,
          seed: 4,
        }),
        train,
        test,
      )
    const { train: parts, redraws } = draw(60)
    expect(redraws).toBeGreaterThan(0)
    expect(Math.min(...sizes(parts))).toBeGreaterThanOrEqual(60)
    expect(draw(0).redraws).toBe(0)
  })

  it('says what is impossible or was not reached', () => {
    const request = (minimumSamplesPerClient: number) => () =>
      partitionData(
        experimentWith({ partition: 'dirichlet', dirichletConcentration: 0.05, minimumSamplesPerClient }),
        train,
        test,
      )
    expect(request(151)).toThrow(/minimumSamplesPerClient: 151 for 20 clients is not allowed; allowed: at most 150/)
    expect(request(149)).toThrow(/minimumSamplesPerClient: 149 was not reached in 1000 draws/)
    expect(() => partitionData(experimentWith({ partition: 'shards', shardsPerClient: 151 }), train, test)).toThrow(
      /shardsPerClient: 151 for 20 clients is not allowed; allowed: at most 150/,
    )
  })

  it('favours no client when gamma draws underflow at a very small concentration', () => {
    const few = Uint8Array.from(range(20), (index) => index % 10)
    let last = 0
    for (let seed = 0; seed < 100; seed++) {
      const experiment = experimentWith({
        partition: 'dirichlet',
        dirichletConcentration: 0.001,
        minimumSamplesPerClient: 0,
        totalClients: 2,
        clientsPerRound: 2,
        seed,
      })
      const { train: parts } = partitionData(experiment, few, few)
      expect(together(parts)).toEqual([...range(20)])
      last += parts[1].length / 2
    }
    // A thousand classes go to one client or the other: five binomial deviations are 79.
    expect(Math.abs(last - 500)).toBeLessThan(80)
  })

  it('deals shards of few classes, the same for training and test', () => {
    const experiment = experimentWith({
      partition: 'shards',
      shardsPerClient: 2,
      totalClients: 10,
      clientsPerRound: 10,
    })
    const shared = partitionData(experiment, train, test)
    for (const indices of shared.train) {
      // A shard may straddle two classes.
      expect(new Set([...indices].map((index) => train[index])).size).toBeLessThanOrEqual(4)
    }
    expectMatchingTestImages(shared)
    expect(sizes(shared.train)).toEqual(new Array(10).fill(300))
  })

  it('caps training images to a fixed part of each client', () => {
    const base = { partition: 'dirichlet' as const, totalClients: 5, clientsPerRound: 5, seed: 3 }
    const whole = partitionData(experimentWith(base), train, test)
    const capped = partitionData(experimentWith({ ...base, samplesPerClient: 100 }), train, test)
    capped.train.forEach((indices, client) => {
      expect(digest(indices)).toBe(digest(whole.train[client].slice(0, 100)))
    })
    expect(sizes(capped.test)).toEqual(sizes(whole.test))
  })

  it('depends on the seed and the data fields alone', () => {
    const one = partitionData(experimentWith({ seed: 1, method: 'dynamic' }), train, test)
    const same = partitionData(experimentWith({ seed: 1, method: 'none', model: 'lenet-5', rounds: 3 }), train, test)
    const other = partitionData(experimentWith({ seed: 2 }), train, test)
    expect(one.train.map(digest)).toEqual(same.train.map(digest))
    expect(one.test.map(digest)).toEqual(same.test.map(digest))
    expect(one.train.map(digest)).not.toEqual(other.train.map(digest))
  })

  it('loses a share of every class and drops clients under the off-by-one Dirichlet', () => {
    const base = { totalClients: 10, clientsPerRound: 10, dirichletConcentration: 0.5, seed: 5 }
    const right = partitionData(
      experimentWith({ ...base, partition: 'dirichlet', minimumSamplesPerClient: 0 }),
      train,
      test,
    )
    const shared = partitionData(experimentWith({ ...base, partition: 'dirichlet-feddst' }), train, test)
    // Client c has what client c + 1 should have, up to rounding; the last has nothing.
    for (let client = 0; client < 9; client++) {
      expect(Math.abs(shared.train[client].length - right.train[client + 1].length)).toBeLessThanOrEqual(10)
    }
    expect(shared.train[9].length).toBeLessThanOrEqual(10)
    const owned = together(shared.train)
    expect(new Set(owned).size).toBe(owned.length)
    expect(train.length - owned.length).toBeGreaterThan(right.train[0].length - 10)
    shared.train.forEach((indices, client) => {
      expect(indices.length > 0).toBe(shared.test[client].length > 0)
    })
  })

  it('keeps sizes closer under the balanced Dirichlet, with classes as skewed', () => {
    const draw = (partition: 'dirichlet' | 'dirichlet-balanced') =>
      partitionData(
        experimentWith({ partition, totalClients: 10, clientsPerRound: 10, dirichletConcentration: 0.3, seed: 2 }),
        train,
        test,
      )
    const largest = (shared: Partition) => Math.max(...sizes(shared.train))
    expect(largest(draw('dirichlet-balanced'))).toBeLessThan(largest(draw('dirichlet')))
    // A client stops receiving at its even part, so it can pass it by one class at most.
    expect(largest(draw('dirichlet-balanced'))).toBeLessThan(300 + 350)
    expectMatchingTestImages(draw('dirichlet-balanced'))
  })

  it('gives equal sizes and client-wise class proportions under the per-client Dirichlet', () => {
    const draw = (dirichletConcentration: number) =>
      partitionData(
        experimentWith({
          partition: 'dirichlet-per-client',
          totalClients: 10,
          clientsPerRound: 10,
          dirichletConcentration,
        }),
        train,
        test,
      )
    const largestShares = (shared: Partition) => shared.train.map((indices) => Math.max(...classShares(indices, train)))
    for (const concentration of [0.1, 1, 1e6]) {
      const shared = draw(concentration)
      expect(sizes(shared.train)).toEqual(new Array(10).fill(300))
      expectMatchingTestImages(shared)
    }
    // The concentration times the class proportions is small: the first client has one class or two.
    expect(largestShares(draw(0.1))[0]).toBeGreaterThan(0.5)
    expect(Math.max(...largestShares(draw(1e6)))).toBeLessThan(0.2)
  })

  it('deals LotteryFL shards of a fixed size, with all test images of their labels', () => {
    const base = { partition: 'lotteryfl' as const, totalClients: 30, clientsPerRound: 30, imagesPerShard: 20 }
    const shared = partitionData(experimentWith({ ...base, shardsPerClient: 3, unbalanceRate: 0.5 }), train, test)
    expect(sizes(shared.train)).toEqual(new Array(30).fill(40))
    const owned = together(shared.train)
    expect(new Set(owned).size).toBe(owned.length)
    shared.train.forEach((indices, client) => {
      const labels = new Set(Array.from(indices, (index) => train[index]))
      expect([...shared.test[client]].sort((a, b) => a - b)).toEqual(
        [...range(test.length)].filter((index) => labels.has(test[index])),
      )
    })
    expect(() => partitionData(experimentWith({ ...base, shardsPerClient: 6 }), train, test)).toThrow(
      /shardsPerClient: 6 for 30 clients is not allowed; allowed: at most 5, with 150 shards of 20 images/,
    )
  })

  it('makes sizes unequal and leaves labels even under quantity skew', () => {
    const { train: parts, test: tested } = partitionData(
      experimentWith({
        partition: 'quantity',
        totalClients: 5,
        clientsPerRound: 5,
        dirichletConcentration: 0.5,
        seed: 1,
      }),
      train,
      test,
    )
    expect(Math.max(...sizes(parts))).toBeGreaterThan(2 * Math.min(...sizes(parts)))
    parts.forEach((indices, client) => {
      expect(Math.abs(tested[client].length / test.length - indices.length / train.length)).toBeLessThan(0.005)
      if (indices.length > 500) expect(Math.max(...classShares(indices, train))).toBeLessThan(0.15)
    })
  })
})
