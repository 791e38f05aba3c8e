import { describe, expect, it } from 'vitest'
import { decayedRatio, isUpdateRound, readjustmentRatioAt } from '../../../src-main/engine/sparsity/schedule'
import { experimentWith } from '../experiments'

describe('decayedRatio', () => {
  it.each([
    [0, 0.5],
    [10, 0.494537],
    [20, 0.478386],
    [50, 0.375],
    [75, 0.25],
    [100, 0.125],
    [140, 0.005463],
    [150, 0],
    [151, 0],
  ])('cosine from 0.5 over 150 rounds at round %d is %d', (round, ratio) => {
    expect(decayedRatio(0.5, 'cosine', round, 150)).toBeCloseTo(ratio, 6)
  })

  it('stays constant until the end', () => {
    expect([0, 149, 150].map((round) => decayedRatio(0.3, 'constant', round, 150))).toEqual([0.3, 0.3, 0])
  })
})

describe('isUpdateRound', () => {
  const rounds = (experiment: ReturnType<typeof experimentWith>) =>
    Array.from({ length: experiment.rounds }, (_, round) => round).filter((round) => isUpdateRound(experiment, round))

  it('is round 0 and every interval until three quarters of the rounds', () => {
    expect(rounds(experimentWith({ rounds: 20, readjustmentInterval: 4 }))).toEqual([0, 4, 8, 12])
    expect(rounds(experimentWith({ rounds: 16, readjustmentInterval: 4 }))).toEqual([0, 4, 8])
  })

  it('is none when nothing would be replaced', () => {
    expect(rounds(experimentWith({ rounds: 20, readjustmentRatio: 0 }))).toEqual([])
    expect(rounds(experimentWith({ rounds: 1 }))).toEqual([])
  })

  it('is never the last round, whose new weights could not be trained', () => {
    const experiment = experimentWith({
      rounds: 5,
      readjustmentInterval: 2,
      rateDecayEnd: 5,
      rateDecayMethod: 'constant',
    })
    expect(readjustmentRatioAt(experiment, 4)).toBe(0.3)
    expect(rounds(experiment)).toEqual([0, 2])
  })
})
