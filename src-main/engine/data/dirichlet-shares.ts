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

/** Draws a row of shares; the sizes are the images that each client has of the classes before. */
type ShareDraw = (classSize: number, sizesSoFar: Readonly<Uint32Array>) => number[]

/**
 * Draws for every class p ~ Dirichlet(β·1) over the clients, all classes again until every client gets at least
 * `minimumSamplesPerClient` training images. `classSizes` are the training images per class.
 * Throws when that is impossible or does not happen within a limited number of draws.
 */
export function dirichletShares(experiment: Experiment, classSizes: readonly number[]): DirichletShares {
  const draw = shareDraw(experiment)
  return drawUntilEnough(experiment, classSizes, () => draw())
}

/**
 * The same, but a client that already has its even part of all images gets nothing of the next classes, and what it was
 * drawn goes to the others in proportion: the loop of FedML and Flower, which keeps the clients' sizes close.
 */
export function balancedDirichletShares(experiment: Experiment, classSizes: readonly number[]): DirichletShares {
  const draw = shareDraw(experiment)
  const evenPart = classSizes.reduce((sum, size) => sum + size, 0) / experiment.totalClients
  return drawUntilEnough(experiment, classSizes, (_, sizesSoFar) => {
    const shares = draw().map((share, client) => (sizesSoFar[client] < evenPart ? share : 0))
    const sum = shares.reduce((total, share) => total + share, 0)
    return shares.map((share) => (sum > 0 ? share / sum : 1 / shares.length))
  })
}

/** One draw for every class, whatever the clients get. */
export function dirichletSharesOnce(experiment: Experiment, classes: number): number[][] {
  const draw = shareDraw(experiment)
  return Array.from({ length: classes }, draw)
}

function shareDraw({ seed, totalClients, dirichletConcentration }: Experiment): () => number[] {
  const stream = namedStream(seed, 'partition/dirichlet')
  const gamma = randomGamma.source(() => stream.uniform())(dirichletConcentration, 1)
  return () => normalised(() => Array.from({ length: totalClients }, gamma))
}

function drawUntilEnough(experiment: Experiment, classSizes: readonly number[], draw: ShareDraw): DirichletShares {
  const { totalClients, dirichletConcentration, minimumSamplesPerClient } = experiment
  const images = classSizes.reduce((sum, size) => sum + size, 0)
  if (totalClients * minimumSamplesPerClient > images) {
    throw new EspalierError(
      'wrong-input',
      `minimumSamplesPerClient: ${minimumSamplesPerClient} for ${totalClients} clients is not allowed; allowed: at most ${Math.floor(images / totalClients)} with ${images} images`,
    )
  }
  const attempts = attemptLimit(totalClients * classSizes.length)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const sizes = new Uint32Array(totalClients)
    const shares = classSizes.map((size) => {
      const row = draw(size, sizes)
      const cuts = cutPositions(size, row)
      for (let client = 0; client < totalClients; client++) sizes[client] += cuts[client + 1] - cuts[client]
      return row
    })
    if (sizes.every((size) => size >= minimumSamplesPerClient)) return { shares, redraws: attempt }
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

/** The values of a draw over their sum. With a very small concentration all can underflow to 0: such a draw says nothing. */
export function normalised(draw: () => number[]): number[] {
  for (;;) {
    const values = draw()
    const sum = values.reduce((total, value) => total + value, 0)
    if (sum > 0) return values.map((value) => value / sum)
  }
}
