import type { Experiment } from '../../contract/experiment'
import { range } from '../random/draw'
import { namedStream, shuffle } from '../random/streams'
import { cutEvenly, dealByShares } from './class-pools'
import { cutPositions } from './cut-positions'
import { dirichletShares } from './dirichlet-shares'
import type { Partition } from './partition'

function shuffled(seed: number, set: 'train' | 'test', images: number): Uint32Array {
  return shuffle(namedStream(seed, `partition/${set}`), range(images))
}

/** Shuffled and cut into blocks whose sizes differ by at most 1. */
export function shareEvenly({ seed, totalClients }: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  return {
    train: cutEvenly(shuffled(seed, 'train', train.length), totalClients),
    test: cutEvenly(shuffled(seed, 'test', test.length), totalClients),
    redraws: 0,
  }
}

/** Sizes ~ Dirichlet(β·1) times all images, labels as they come: quantity skew without label skew. */
export function shareByQuantity(experiment: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  const { seed, totalClients } = experiment
  const { shares, redraws } = dirichletShares(experiment, [train.length])
  const cut = (indices: Uint32Array) => dealByShares([indices], shares, totalClients, cutPositions)
  return {
    train: cut(shuffled(seed, 'train', train.length)),
    test: cut(shuffled(seed, 'test', test.length)),
    redraws,
  }
}
