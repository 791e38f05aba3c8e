import type { Experiment } from '../../contract/experiment'
import { namedStream, shuffle } from '../random/streams'
import { balancedDirichletShares, dirichletShares } from './dirichlet-shares'
import { shareByDirichlet, shareByDirichletOffByOne } from './share-by-dirichlet'
import { shareByLottery, shareByShards } from './share-by-shards'
import { shareByQuantity, shareEvenly } from './share-evenly'
import { shareByClient } from './share-per-client'

/** Which images each client owns: positions in the training and in the test set, per client id. */
export interface Partition {
  readonly train: readonly Uint32Array[]
  readonly test: readonly Uint32Array[]
  /** How often a Dirichlet draw had to be repeated. */
  readonly redraws: number
}

type PartitionRule = (experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array) => Partition

const rules: Record<Experiment['partition'], PartitionRule> = {
  iid: shareEvenly,
  dirichlet: (experiment, train, test) => shareByDirichlet(experiment, train, test, dirichletShares),
  'dirichlet-balanced': (experiment, train, test) => shareByDirichlet(experiment, train, test, balancedDirichletShares),
  'dirichlet-per-client': shareByClient,
  'dirichlet-feddst': shareByDirichletOffByOne,
  shards: shareByShards,
  lotteryfl: shareByLottery,
  quantity: shareByQuantity,
}

/**
 * Shares both image sets out over the clients. A training image goes to one client at most; a client's test images follow
 * the distribution of its training images. Depends on the data fields and the seed alone, so all arms of one seed share it.
 * Throws when the request cannot be met by this data set.
 */
export function partitionData(experiment: Experiment, trainLabels: Uint8Array, testLabels: Uint8Array): Partition {
  const { train, test, redraws } = rules[experiment.partition](experiment, trainLabels, testLabels)
  const limit = experiment.samplesPerClient === 0 ? Infinity : experiment.samplesPerClient
  return {
    train: train.map((indices, client) =>
      shuffle(namedStream(experiment.seed, `partition/client/${client}`), indices).slice(0, limit),
    ),
    test,
    redraws,
  }
}
