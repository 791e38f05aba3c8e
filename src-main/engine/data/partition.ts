import { EspalierError } from '../../contract/commands'
import type { Experiment } from '../../contract/experiment'
import { range } from '../random/draw'
import { namedStream, shuffle } from '../random/streams'
import { cutPositions } from './cut-positions'
import { dirichletShares } from './dirichlet-shares'

/** Which images each client owns: positions in the training and in the test set, per client id. */
export interface Partition {
  readonly train: readonly Uint32Array[]
  readonly test: readonly Uint32Array[]
  /** How often a Dirichlet draw had to be repeated. */
  readonly redraws: number
}

/**
 * Shares both image sets out over the clients. Every image goes to one client, except training images beyond
 * `samplesPerClient`. A client's test images follow the distribution of its training images. Depends on the data fields
 * and the seed alone, so all arms of one seed share it.
 * Throws when the request cannot be met by this data set.
 */
export function partitionData(experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array): Partition {
  const { train, test, redraws } = share(experiment, trainLabels, testLabels)
  const limit = experiment.samplesPerClient === 0 ? Infinity : experiment.samplesPerClient
  return {
    train: train.map((indices, client) =>
      shuffle(namedStream(experiment.seed, `partition/client/${client}`), indices).slice(0, limit),
    ),
    test,
    redraws,
  }
}

function share(experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array): Partition {
  switch (experiment.partition) {
    case 'iid':
      return shareEvenly(experiment, trainLabels.length, testLabels.length)
    case 'dirichlet':
      return shareByDirichlet(experiment, trainLabels, testLabels)
    case 'shards':
      return shareByShards(experiment, trainLabels, testLabels)
  }
}

/** Shuffled and cut into blocks whose sizes differ by at most 1. */
function shareEvenly({ seed, totalClients }: Experiment, trainImages: number, testImages: number): Partition {
  const blocks = (name: string, images: number) => {
    const shuffled = shuffle(namedStream(seed, `partition/${name}`), range(images))
    return cutEvenly(shuffled, totalClients)
  }
  return { train: blocks('train', trainImages), test: blocks('test', testImages), redraws: 0 }
}

/** For every class a Dirichlet draw over clients; the class is cut in these proportions (Bibikar et al. 2022). */
function shareByDirichlet(experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array): Partition {
  const { seed, totalClients } = experiment
  const trainClasses = shuffledClasses(seed, 'train', trainLabels)
  const testClasses = shuffledClasses(seed, 'test', testLabels)
  const { shares, redraws } = dirichletShares(
    experiment,
    Array.from({ length: Math.max(trainClasses.length, testClasses.length) }, (_, label) =>
      label < trainClasses.length ? trainClasses[label].length : 0,
    ),
  )
  return {
    train: dealByShares(trainClasses, shares, totalClients),
    test: dealByShares(testClasses, shares, totalClients),
    redraws,
  }
}

/**
 * Sorted by label, cut into equal shards, `shardsPerClient` of them dealt to each client at random (McMahan et al. 2017).
 * Each class of the test set is cut in the proportions in which the clients hold that class.
 */
function shareByShards(experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array): Partition {
  const { seed, totalClients, shardsPerClient } = experiment
  const shardCount = totalClients * shardsPerClient
  if (shardCount > trainLabels.length) {
    throw new EspalierError(
      'wrong-input',
      `shardsPerClient: ${shardsPerClient} for ${totalClients} clients is not allowed; allowed: at most ${Math.floor(trainLabels.length / totalClients)}, so that every shard holds one of the ${trainLabels.length} images`,
    )
  }
  const shards = cutEvenly(concatenate(shuffledClasses(seed, 'train', trainLabels)), shardCount)
  const dealt = shuffle(namedStream(seed, 'partition/shards'), range(shardCount))
  const train = Array.from({ length: totalClients }, (_, client) =>
    concatenate(
      Array.from(dealt.subarray(client * shardsPerClient, (client + 1) * shardsPerClient), (shard) => shards[shard]),
    ),
  )
  const testClasses = shuffledClasses(seed, 'test', testLabels)
  const shares = testClasses.map((_, label) => sharesOfClass(train, trainLabels, label))
  return { train, test: dealByShares(testClasses, shares, totalClients), redraws: 0 }
}

/** The part of a class that each client holds; equal parts of a class that nobody holds. */
function sharesOfClass(train: readonly Uint32Array[], labels: Uint8Array, label: number): number[] {
  const held = train.map((indices) => indices.reduce((count, index) => count + (labels[index] === label ? 1 : 0), 0))
  const total = held.reduce((sum, count) => sum + count, 0)
  return held.map((count) => (total === 0 ? 1 / train.length : count / total))
}

/** Cuts every class in the given proportions (rows: classes, columns: clients). */
function dealByShares(
  classes: readonly Uint32Array[],
  shares: readonly (readonly number[])[],
  clients: number,
): Uint32Array[] {
  const parts = Array.from({ length: clients }, (): Uint32Array[] => [])
  classes.forEach((indices, label) => {
    const cuts = cutPositions(indices.length, shares[label])
    for (let client = 0; client < clients; client++) {
      parts[client].push(indices.subarray(cuts[client], cuts[client + 1]))
    }
  })
  return parts.map(concatenate)
}

/** Positions of every class, each class in random order. */
function shuffledClasses(seed: number, name: string, labels: Uint8Array): Uint32Array[] {
  const classes: number[][] = []
  labels.forEach((label, index) => {
    while (classes.length <= label) classes.push([])
    classes[label].push(index)
  })
  return classes.map((indices, label) =>
    shuffle(namedStream(seed, `partition/${name}/${label}`), Uint32Array.from(indices)),
  )
}

function cutEvenly(indices: Uint32Array, parts: number): Uint32Array[] {
  const cut = (part: number) => Math.floor((indices.length * part) / parts)
  return Array.from({ length: parts }, (_, part) => indices.slice(cut(part), cut(part + 1)))
}

function concatenate(parts: readonly Uint32Array[]): Uint32Array {
  const whole = new Uint32Array(parts.reduce((length, part) => length + part.length, 0))
  let at = 0
  for (const part of parts) {
    whole.set(part, at)
    at += part.length
  }
  return whole
}
