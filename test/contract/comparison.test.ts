import { describe, expect, it } from 'vitest'
import { compareRuns, runResult } from '../../src-main/contract/comparison'
import { finishedRun } from './finished-run'

const base = { rounds: 3, sparsity: 0.75 } as const
const twoSeeds = [
  finishedRun({ ...base, method: 'static', seed: 0 }, [0.5, 0.7, 0.6]),
  finishedRun({ ...base, method: 'dynamic', seed: 0 }, [0.5, 0.6, 0.65]),
  finishedRun({ ...base, method: 'static', seed: 1 }, [0.4, null, 0.62]),
  finishedRun({ ...base, method: 'dynamic', seed: 1 }, [0.4, null, 0.65]),
]

describe('the result of a run', () => {
  it('tells the last evaluated round from the best one, and sums up costs', () => {
    expect(runResult(finishedRun(base, [0.5, 0.7, 0.6, null]))).toMatchObject({
      finalAccuracy: 0.6,
      bestAccuracy: 0.7,
      realisedSparsity: 0.75,
      uploadBytes: 4000,
      downloadBytes: 8000,
      trainingFlops: 12e9,
      secondsPerRound: 0.5,
    })
  })

  it('does not exist before the first evaluation', () => {
    expect(runResult(finishedRun(base, [null]))).toBeNull()
    expect(runResult(finishedRun(base, []))).toBeNull()
  })
})

describe('comparing runs', () => {
  it('pairs each arm with the static arm seed by seed', () => {
    const [group] = compareRuns(twoSeeds)
    expect(group.arms.map(({ method }) => method)).toEqual(['dynamic', 'static'])
    const [dynamic, fixed] = group.arms
    expect(dynamic.differenceToStatic?.mean).toBeCloseTo(0.04, 12)
    expect(dynamic.differenceToStatic?.deviation).toBeCloseTo(0.014142, 6)
    expect(fixed.differenceToStatic).toBeNull()
  })

  it('leaves out of the difference what has no partner', () => {
    const alone = finishedRun({ ...base, method: 'dynamic', seed: 7 }, [0.9])
    const behind = finishedRun({ ...base, method: 'dynamic', seed: 8 }, [0.1])
    const ahead = finishedRun({ ...base, method: 'static', seed: 8 }, [0.1, 0.9])
    const [{ arms }] = compareRuns([...twoSeeds, alone, behind, ahead])
    expect(arms[0].results).toHaveLength(4)
    expect(arms[0].differenceToStatic?.n).toBe(2)
  })

  it('keeps settings apart that differ in more than method and seed', () => {
    expect(compareRuns([...twoSeeds, finishedRun({ ...base, sparsity: 0.5 }, [0.9])])).toHaveLength(2)
  })
})

describe('methods whose clients have models of their own', () => {
  it('are judged by the mean of these, in a group of their own', () => {
    const own = finishedRun({ method: 'lotteryfl', seed: 1 }, [0.2, 0.3])
    const personalised = {
      ...own,
      rounds: own.rounds.map((round) => ({
        ...round,
        clientAccuracies: [0.9, null, 0.7],
        clientAccuracyModel: 'own' as const,
      })),
    }
    const groups = compareRuns([finishedRun({ method: 'static', seed: 1 }, [0.5, 0.6]), personalised])
    expect(groups.map(({ accuracyKind, arms }) => [accuracyKind, arms.map(({ method }) => method)])).toEqual([
      ['global', ['static']],
      ['own', ['lotteryfl']],
    ])
    const [{ spreads, differenceToStatic }] = groups[1].arms
    expect(spreads.finalAccuracy.mean).toBeCloseTo(0.8, 12)
    expect(differenceToStatic).toBeNull()
  })
})
