import { EspalierError } from '../../contract/commands'
import type { Experiment } from '../../contract/experiment'
import { range } from '../random/draw'
import { namedStream, shuffle } from '../random/streams'
import { classPositions, concatenate, cutEvenly, dealByShares, sharesHeld, shuffledClasses } from './class-pools'
import { cutPositions } from './cut-positions'
import type { Partition } from './partition'

/**
 * Sorted by label, cut into equal shards, `shardsPerClient` of them dealt to each client at random (McMahan et al. 2017).
 * Each class of the test set is cut in the proportions in which the clients hold that class.
 */
export function shareByShards(experiment: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  const { seed, totalClients, shardsPerClient } = experiment
  const shardCount = totalClients * shardsPerClient
  if (shardCount > train.length) {
    throw new EspalierError(
      'wrong-input',
      `shardsPerClient: ${shardsPerClient} for ${totalClients} clients is not allowed; allowed: at most ${Math.floor(train.length / totalClients)}, so that every shard holds one of the ${train.length} images`,
    )
  }
  const trainClasses = shuffledClasses(seed, 'train', train)
  const shards = cutEvenly(concatenate(trainClasses), shardCount)
  const parts = deal(experiment, shards, (shard) => shard)
  const testClasses = shuffledClasses(seed, 'test', test)
  const shares = sharesHeld(parts, train, Math.max(trainClasses.length, testClasses.length))
  return { train: parts, test: dealByShares(testClasses, shares, totalClients, cutPositions), redraws: 0 }
}

/**
 * LotteryFL's partition (Li et al. 2021), FedDST's `--distribution lotteryfl`: sorted by label, cut into shards of
 * `imagesPerShard`, `shardsPerClient` of them to each client; of all but its first shard a client gets only the part
 * `unbalanceRate`. A client's test images are all those of its labels, so test sets overlap. Images beyond the dealt shards
 * go unused.
 */
export function shareByLottery(experiment: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  const { seed, totalClients, shardsPerClient, imagesPerShard, unbalanceRate } = experiment
  const sorted = concatenate(shuffledClasses(seed, 'train', train))
  const shardCount = Math.floor(sorted.length / imagesPerShard)
  if (totalClients * shardsPerClient > shardCount) {
    throw new EspalierError(
      'wrong-input',
      `shardsPerClient: ${shardsPerClient} for ${totalClients} clients is not allowed; allowed: at most ${Math.floor(shardCount / totalClients)}, with ${shardCount} shards of ${imagesPerShard} images`,
    )
  }
  const shards = Array.from({ length: shardCount }, (_, shard) =>
    sorted.slice(shard * imagesPerShard, (shard + 1) * imagesPerShard),
  )
  const rest = Math.floor(unbalanceRate * imagesPerShard)
  const parts = deal(experiment, shards, (shard, place) => (place === 0 ? shard : shard.subarray(0, rest)))
  const testClasses = classPositions(test)
  return {
    train: parts,
    test: parts.map((part) => {
      const labels = [...new Set(Array.from(part, (index) => train[index]))].sort((a, b) => a - b)
      return concatenate(labels.map((label) => testClasses.at(label) ?? new Uint32Array(0)))
    }),
    redraws: 0,
  }
}

/** `shardsPerClient` shards to each client, at random; `take` gives the part of a shard at its place in the client's hand. */
function deal(
  { seed, totalClients, shardsPerClient }: Experiment,
  shards: readonly Uint32Array[],
  take: (shard: Uint32Array, place: number) => Uint32Array,
): Uint32Array[] {
  const order = shuffle(namedStream(seed, 'partition/shards'), range(shards.length))
  return Array.from({ length: totalClients }, (_, client) => {
    const hand = order.subarray(client * shardsPerClient, (client + 1) * shardsPerClient)
    return concatenate(Array.from(hand, (shard, place) => take(shards[shard], place)))
  })
}
