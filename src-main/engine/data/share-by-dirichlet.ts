import type { Experiment } from '../../contract/experiment'
import { classPositions, dealByShares, shuffledClasses } from './class-pools'
import { cutPositions, offByOneCuts } from './cut-positions'
import { dirichletSharesOnce, type DirichletShares } from './dirichlet-shares'
import type { Partition } from './partition'

/**
 * For every class a Dirichlet draw over clients; the class is cut in these proportions, in the training and in the test set
 * (Bibikar et al. 2022). `draw` decides how the rows come about.
 */
export function shareByDirichlet(
  experiment: Experiment,
  train: Uint8Array,
  test: Uint8Array,
  draw: (experiment: Experiment, classSizes: readonly number[]) => DirichletShares,
): Partition {
  const { seed, totalClients } = experiment
  const trainClasses = shuffledClasses(seed, 'train', train)
  const testClasses = shuffledClasses(seed, 'test', test)
  const classes = Math.max(trainClasses.length, testClasses.length)
  const { shares, redraws } = draw(
    experiment,
    Array.from({ length: classes }, (_, label) => trainClasses.at(label)?.length ?? 0),
  )
  return {
    train: dealByShares(trainClasses, shares, totalClients, cutPositions),
    test: dealByShares(testClasses, shares, totalClients, cutPositions),
    redraws,
  }
}

/**
 * The same as FedDST's published code does it: cuts off by one, classes in the order of the data set, no second draw. A
 * client without training or without test images is dropped.
 */
export function shareByDirichletOffByOne(experiment: Experiment, train: Uint8Array, test: Uint8Array): Partition {
  const { totalClients } = experiment
  const trainClasses = classPositions(train)
  const testClasses = classPositions(test)
  const shares = dirichletSharesOnce(experiment, Math.max(trainClasses.length, testClasses.length))
  const trainParts = dealByShares(trainClasses, shares, totalClients, offByOneCuts)
  const testParts = dealByShares(testClasses, shares, totalClients, offByOneCuts)
  const takesPart = trainParts.map((part, client) => part.length > 0 && testParts[client].length > 0)
  const kept = (parts: readonly Uint32Array[]) =>
    parts.map((part, client) => (takesPart[client] ? part : new Uint32Array(0)))
  return { train: kept(trainParts), test: kept(testParts), redraws: 0 }
}
