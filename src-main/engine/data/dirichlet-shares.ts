import { randomGamma } from 'd3-random'
import { EspalierError } from '../../contract/commands'
import type { Experiment } from '../../contract/experiment'
import { namedStream } from '../random/streams'
import { cutPositions } from './cut-positions'

export interface DirichletShares {
  /** For every class, the share of each client; rows sum to 1. */
  readonly shares: readonly (readonly number[])[]
  readonly redraws: number
}

/**
 * Draws for every class p ~ Dirichlet(β·1) over the clients, all classes again until every client gets at least
 * `minimumSamplesPerClient` training images. `classSizes` are the training images per class.
 * Throws when that is impossible or does not happen within a limited number of draws.
 */
export function dirichletShares(experiment: Experiment, classSizes: readonly number[]): DirichletShares {
  const { seed, totalClients, dirichletConcentration, minimumSamplesPerClient } = experiment
  const images = classSizes.reduce((sum, size) => sum + size, 0)
  if (totalClients * minimumSamplesPerClient > images) {
    throw new EspalierError(
      'wrong-input',
      `minimumSamplesPerClient: ${minimumSamplesPerClient} for ${totalClients} clients is not allowed; allowed: at most ${Math.floor(images / totalClients)} with ${images} images`,
    )
  }
  const stream = namedStream(seed, 'partition/dirichlet')
  const gamma = randomGamma.source(() => stream.uniform())(dirichletConcentration, 1)
  const draw = () => Array.from({ length: totalClients }, gamma)
  const attempts = attemptLimit(totalClients * classSizes.length)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const shares = classSizes.map(() => normalised(draw))
    if (smallestClient(classSizes, shares, totalClients) >= minimumSamplesPerClient) {
      return { shares, redraws: attempt }
    }
  }
  throw new EspalierError(
    'wrong-input',
    `minimumSamplesPerClient: ${minimumSamplesPerClient} was not reached in ${attempts} draws with dirichletConcentration ${dirichletConcentration} and ${totalClients} clients; allowed: a smaller minimum, a larger concentration or fewer clients`,
  )
}

/** A thousand draws, fewer when each is so large that the limit would take minutes to reach. */
function attemptLimit(valuesPerDraw: number): number {
  return Math.max(10, Math.min(1000, Math.floor(20_000_000 / valuesPerDraw)))
}

function normalised(draw: () => number[]): number[] {
  for (;;) {
    const values = draw()
    const sum = values.reduce((total, value) => total + value, 0)
    // With a very small concentration every value can underflow to 0; such a draw says nothing.
    if (sum > 0) return values.map((value) => value / sum)
  }
}

function smallestClient(classSizes: readonly number[], shares: DirichletShares['shares'], clients: number): number {
  const sizes = new Uint32Array(clients)
  classSizes.forEach((size, label) => {
    const cuts = cutPositions(size, shares[label])
    for (let client = 0; client < clients; client++) sizes[client] += cuts[client + 1] - cuts[client]
  })
  return sizes.reduce((smallest, size) => Math.min(smallest, size), Infinity)
}
