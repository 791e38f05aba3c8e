import { describe, expect, it } from 'vitest'
import { commandLineOf, parseCommandLine } from '../../src-main/contract/command-line'
import { checkExperiment, defaultExperiment } from '../../src-main/contract/experiment'
import { citationsOf } from '../../src-main/contract/papers'
import { experimentsOf, staticReferences, sweepCells } from '../../src-main/contract/sweep'
import type { Template } from '../../src-main/contract/template'
import { templateNames, templates } from '../../src-main/contract/templates'

describe('a pasted command line', () => {
  it("takes the seed's spelling", () => {
    const parsed = parseCommandLine(
      'CUDA_VISIBLE_DEVICES=0 python pruning_fl.py --dataset cifar10 --distribution dirichlet --beta 0.1 --sparsity 0.5 \\\n --need-readjust --readjustment-ratio 0.3 --rounds-between-readjustments 4 --grad-agg --Gamma 1.0 --device 0 --seed 7 -o out.csv',
    )
    expect(parsed.values).toEqual({
      dataset: 'cifar10',
      partition: 'dirichlet',
      dirichletConcentration: 0.1,
      sparsity: 0.5,
      readjustmentRatio: 0.3,
      readjustmentInterval: 4,
      method: 'dynamic',
      updateScale: 1,
    })
    expect(parsed.seeds).toEqual([7])
    expect(parsed.ignored).toEqual(['--grad-agg', '--device 0', '-o out.csv'])
  })

  it('takes FedPruning’s densities and names, and is static where nothing moves', () => {
    expect(
      parseCommandLine('python main.py --target_density 0.2 --delta_T=5 --comm_round 50 --partition_method hetero')
        .values,
    ).toEqual({ sparsity: 0.8, readjustmentInterval: 5, rounds: 50, partition: 'dirichlet', method: 'static' })
  })

  it('comes back from the command line that a set-up is copied as', () => {
    const experiment = { ...defaultExperiment(), sparsity: 0.95, rateDecayEnd: 12, rounds: 30 }
    const axes = [{ field: 'rateDecayEnd', values: [10, null] } as const]
    const text = commandLineOf(experiment, axes, [0, 3])
    expect(text).toBe(
      'npx espalier sweep --method dynamic --rounds 30 --sparsity 0.95 --rate-decay-end 12 --axis rate-decay-end=10,default --seeds 0,3',
    )
    const parsed = parseCommandLine(text)
    expect(parsed).toMatchObject({ axes, seeds: [0, 3], ignored: [] })
    expect(checkExperiment(parsed.values)).toEqual({ ok: true, experiment })
  })
})

describe('templates', () => {
  it.each(templateNames)('%s has only valid cells', (name) => {
    const { experiment, axes, seeds }: Template = templates[name]
    const cells = sweepCells(experiment, axes, seeds)
    expect(cells.length).toBeGreaterThan(1)
    expect(cells.flatMap(({ problems }) => problems)).toEqual([])
  })

  it('measures a sweep against one static run for each setting outside the topology', () => {
    const { experiment, axes, seeds } = templates['skew-ratio']
    const references = experimentsOf(staticReferences(experiment, axes, seeds))
    expect(references).toHaveLength(9)
    expect(new Set(references.map(({ dirichletConcentration }) => dirichletConcentration))).toEqual(
      new Set([0.1, 0.5, 100]),
    )
    expect(references.every(({ method }) => method === 'static')).toBe(true)
  })
})

it('knows the papers of a source, and says which it cannot open', () => {
  expect(citationsOf('Evci et al. 2020; LeCun et al. 1998')).toEqual([
    { text: 'Evci et al. 2020', paper: 'Evci et al. 2020' },
    { text: 'LeCun et al. 1998', paper: null },
  ])
})
