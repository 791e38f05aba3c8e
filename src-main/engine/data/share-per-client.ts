import { randomGamma } from 'd3-random'
import type { Experiment } from '../../contract/experiment'
import { namedStream, type RandomStream } from '../random/streams'
import { dealByShares, sharesHeld, shuffledClasses } from './class-pools'
import { cutPositions } from './cut-positions'
import { normalised } from './dirichlet-shares'
import type { Partition } from './partition'

/**
 * Equal sizes; each client draws its own class proportions q ~ Dirichlet(β·p), p the proportions of the whole set, and then
 * its images by q without replacement (Hsu et al. 2019). A class that has run out is left out of q, so later clients take
 * more of what is left. Each class of the test set is cut in the proportions in which the clients hold that class.
 */
export function shareByClient(experiment: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  const { seed, totalClients, dirichletConcentration } = experiment
  const pools = shuffledClasses(seed, 'train', train)
  const taken = new Uint32Array(pools.length)
  const stream = namedStream(seed, 'partition/dirichlet-per-client')
  const uniform = () => stream.uniform()
  const gammas = pools.map((pool) =>
    randomGamma.source(uniform)((dirichletConcentration * pool.length) / train.length, 1),
  )

  const parts = Array.from({ length: totalClients }, (_, client) => {
    const from = Math.floor((train.length * client) / totalClients)
    const to = Math.floor((train.length * (client + 1)) / totalClients)
    const proportions = normalised(() => gammas.map((gamma) => gamma()))
    return Uint32Array.from({ length: to - from }, () => {
      const left = pools.map((pool, label) => pool.length - taken[label])
      const label = drawClass(stream, proportions, left)
      return pools[label][taken[label]++]
    })
  })
  const testClasses = shuffledClasses(seed, 'test', test)
  const shares = sharesHeld(parts, train, Math.max(pools.length, testClasses.length))
  return { train: parts, test: dealByShares(testClasses, shares, totalClients, cutPositions), redraws: 0 }
}

/** A class in proportion among those that have images left; by what is left where none of these has a proportion above 0. */
function drawClass(stream: RandomStream, proportions: readonly number[], left: readonly number[]): number {
  const wanted = proportions.map((share, label) => (left[label] > 0 ? share : 0))
  const weights = wanted.some((share) => share > 0) ? wanted : left
  const total = weights.reduce((sum, weight) => sum + weight, 0)
  let rest = stream.uniform() * total
  let last = 0
  for (let label = 0; label < weights.length; label++) {
    if (weights[label] === 0) continue
    last = label
    rest -= weights[label]
    if (rest < 0) return label
  }
  // Rounding can leave a rest of 0 at the end.
  return last
}
