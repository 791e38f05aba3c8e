import { describe, expect, it } from 'vitest'
import { experimentSchema } from '../../src-main/contract/experiment'
import {
  ablationExperiments,
  experimentsOf,
  isSameExperiment,
  staticReferences,
  sweepCells,
} from '../../src-main/contract/sweep'

const base = experimentSchema.parse({ method: 'dynamic', rounds: 10 })

describe('sweep', () => {
  it('has a cell for every combination, the last axis fastest, each for every seed', () => {
    const cells = sweepCells(
      base,
      [
        { field: 'partition', values: ['iid', 'dirichlet'] },
        { field: 'readjustmentInterval', values: [1, 4, 4] },
      ],
      [3, 5, 3],
    )
    expect(cells.map(({ values }) => values)).toEqual([
      ['iid', 1],
      ['iid', 4],
      ['dirichlet', 1],
      ['dirichlet', 4],
    ])
    expect(cells[3].experiments).toEqual(
      [3, 5].map((seed) => ({ ...base, partition: 'dirichlet', readjustmentInterval: 4, seed })),
    )
  })

  it('keeps a field without a say at its first value, so that no cell repeats another', () => {
    const cells = sweepCells(
      base,
      [
        { field: 'partition', values: ['iid', 'dirichlet'] },
        { field: 'dirichletConcentration', values: [0.1, 0.5] },
        { field: 'method', values: ['static', 'dynamic'] },
        { field: 'readjustmentInterval', values: [1, 4] },
      ],
      [0],
    )
    expect(cells.map(({ values }) => values.join(' '))).toEqual(
      ['iid 0.1', 'dirichlet 0.1', 'dirichlet 0.5'].flatMap((data) =>
        ['static 1', 'dynamic 1', 'dynamic 4'].map((topology) => `${data} ${topology}`),
      ),
    )
  })

  it('measures published code against its own fixed mask', () => {
    const axes = [{ field: 'readjustmentInterval', values: [1, 4] }] as const
    const [reference] = staticReferences({ ...base, method: 'seed-code' }, axes, [0])
    expect(reference.experiments).toEqual([{ ...base, method: 'seed-code', readjustmentRatio: 0 }])
    expect(staticReferences(base, axes, [0])[0].experiments).toEqual([{ ...base, method: 'static' }])
  })

  it('keeps the runs of a seed together', () => {
    const runs = experimentsOf(sweepCells(base, [{ field: 'sparsity', values: [0.5, 0.9] }], [0, 1]))
    expect(runs.map(({ sparsity, seed }) => [seed, sparsity])).toEqual([
      [0, 0.5],
      [0, 0.9],
      [1, 0.5],
      [1, 0.9],
    ])
  })

  it('explains the cells that are no valid experiment and keeps the others', () => {
    const cells = sweepCells(base, [{ field: 'rateDecayEnd', values: [null, 5, 11] }], [0])
    expect(cells.map(({ experiments }) => experiments.length)).toEqual([1, 1, 0])
    expect(cells[2].problems).toEqual([{ field: 'rateDecayEnd', value: 11, allowed: 'at most rounds (10)' }])
    expect(experimentsOf(cells)).toHaveLength(2)
  })

  it('refuses axes of no use', () => {
    const sweep =
      (axes: Parameters<typeof sweepCells>[1], seeds = [0]) =>
      () =>
        sweepCells(base, axes, seeds)
    expect(sweep([{ field: 'seed', values: [1] }])).toThrow(/seeds have their own list/)
    expect(sweep([{ field: 'rounds', values: [] }])).toThrow(/axis rounds: \[\] is not allowed/)
    expect(
      sweep([
        { field: 'rounds', values: [1] },
        { field: 'rounds', values: [2] },
      ]),
    ).toThrow(/one axis for a field/)
    expect(sweep([{ field: 'rounds', values: [1] }], [])).toThrow(/seeds/)
    const many = Array.from({ length: 101 }, (_, index) => index + 1)
    expect(sweep([{ field: 'rounds', values: many }], many)).toThrow(
      /10201 is not allowed; allowed: at most 10000 runs/,
    )
  })

  it('makes the four arms of an ablation', () => {
    expect(ablationExperiments(base, [2]).map(({ method }) => method)).toEqual([
      'dynamic',
      'static',
      'none',
      'small-dense',
    ])
    expect(() => ablationExperiments({ ...base, method: 'none', sparsity: 0 }, [0])).toThrow(/sparsity: 0/)
  })

  it('knows the same experiment again', () => {
    expect(isSameExperiment(base, experimentSchema.parse({ ...base }))).toBe(true)
    expect(isSameExperiment(base, { ...base, seed: 1 })).toBe(false)
  })
})
