import Papa from 'papaparse'
import { describe, expect, it } from 'vitest'
import { experimentFieldNames } from '../../src-main/contract/experiment'
import type { TopologyRecord } from '../../src-main/contract/records'
import { comparisonTable } from '../../src-main/report/comparison-table'
import { seedCsv } from '../../src-main/report/seed-csv'
import { fourArms, run } from './fixtures'

describe('comparison table', () => {
  it('is Markdown', () => {
    expect(comparisonTable(fourArms, 'md').split('\n')).toEqual([
      'mnist, feddst-cnn, iid, 20 of 20 clients, 3 rounds × 1 local epochs, S = 0.9 (erk), R = 0.3, ΔT = 2 rounds, growth random',
      '',
      '| Arm | n | Final accuracy (%) | Best accuracy (%) | Difference to static (points) | Sparsity (%) | Active weights | Parameters | Upload | Download | Training FLOPs (theoretical) | Seconds per round |',
      '| --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: | ---: |',
      '| Dynamic pruning | 3 | 80.00 ± 6.00 | 80.00 ± 6.00 | +5.00 ± 1.41 | 90.0000 | 1,000 | 10,100 | 4.5 MB | 9 MB | 6.00 GFLOP | 1.50 s |',
      '| Static pruning | 2 | 75.00 ± 7.07 | 77.50 ± 10.61 | – | 90.0000 | 1,000 | 10,100 | 4.5 MB | 9 MB | 6.00 GFLOP | 1.50 s |',
      '| No pruning | 1 | 90.00 | 90.00 | +20.00 | 0.0000 | 10,000 | 10,100 | 4.5 MB | 9 MB | 6.00 GFLOP | 1.50 s |',
      '| Small dense model (unfinished) | 1 | 40.00 | 40.00 | -30.00 | 90.0000 | 1,000 | 10,100 | 4.5 MB | 9 MB | 6.00 GFLOP | 1.50 s |',
      '',
    ])
  })

  it('is LaTeX that booktabs sets', () => {
    const latex = comparisonTable(fourArms, 'latex')
    expect(latex).toContain('\\begin{tabular}{lrrrrrrrrrrr}\n    \\toprule\n    Arm & n & Final accuracy (\\%) &')
    expect(latex).toContain(
      '\n    Dynamic pruning & 3 & 80.00 $\\pm$ 6.00 & 80.00 $\\pm$ 6.00 & +5.00 $\\pm$ 1.41 & 90.0000 & 1,000 & 10,100 & 4.5 MB & 9 MB & 6.00 GFLOP & 1.50 s \\\\\n',
    )
    expect(latex).toContain('& -- & 90.0000')
    expect(latex).toContain('& $-$30.00 & 90.0000')
    expect(latex).toContain('3 rounds $\\times$ 1 local epochs')
    expect(latex).toContain('$\\Delta$T = 2 rounds')
    expect(
      latex.split('\n').filter((line) => line.startsWith('    ') && line.includes('%') && !line.includes('\\%')),
    ).toEqual([])
    expect(latex).toMatch(/ {4}\\bottomrule\n {2}\\end\{tabular\}\n\\end\{table\}\n$/)
  })

  it('is tidy CSV: a row for each run with every field', () => {
    const { data, meta } = Papa.parse<Record<string, string>>(comparisonTable(fourArms, 'csv'), {
      header: true,
      skipEmptyLines: true,
    })
    expect(meta.fields?.slice(0, 3)).toEqual(['runId', 'dataset', 'partition'])
    expect(meta.fields).toEqual(expect.arrayContaining([...experimentFieldNames]))
    expect(data).toHaveLength(7)
    expect(data[0]).toMatchObject({
      runId: 'dynamic-0',
      method: 'dynamic',
      seed: '0',
      rateDecayEnd: '',
      finished: 'true',
      finalAccuracy: '0.74',
      bestAccuracy: '0.74',
      uploadBytes: '4500000',
      trainingFlops: '6000000000',
    })
    expect(data[6]).toMatchObject({ runId: 'small-dense-0', finished: 'false' })
  })

  it('has a table for each setting', () => {
    const two = [run({ sparsity: 0.8 }, [0.5]), run({ sparsity: 0.9, partition: 'dirichlet' }, [0.5])]
    const markdown = comparisonTable(two, 'md')
    expect(markdown.match(/^\| Arm/gm)).toHaveLength(2)
    expect(markdown).toContain('S = 0.8 ')
    expect(markdown).toContain('Dirichlet β = 0.5')
    expect(comparisonTable(two, 'latex')).toContain('Dirichlet $\\beta$ = 0.5')
  })

  it('says when there is nothing yet', () => {
    expect(comparisonTable([run({}, [])], 'md')).toBe('No round has been evaluated yet.\n')
    expect(comparisonTable([], 'latex')).toBe('% No round has been evaluated yet.\n')
    expect(comparisonTable([], 'csv').split('\n')).toHaveLength(2)
  })
})

describe("the seed's round file", () => {
  const moved: TopologyRecord[] = [
    { update: 0, round: 0, readjustmentRatio: 0, layers: [], invariants: [] },
    { update: 1, round: 2, readjustmentRatio: 0.25, layers: [], invariants: [] },
  ]

  it('has its columns, in its order', () => {
    const { manifest, rounds } = run(
      { method: 'dynamic', partition: 'dirichlet', dirichletConcentration: 0.1, seed: 3, readjustmentInterval: 2 },
      [0.5, null, 0.7],
    )
    expect(seedCsv(manifest.experiment, rounds, moved).split('\n')).toEqual([
      'server-round,global-accuracy,compute-times,download-cost,upload-cost,largest-flops,avg-flops,clients,dataset,distribution,beta,sparsity,grad-agg,Gamma,tradeoff,need-readjust,rounds-between-readjustments,readjust,readjust-ratio,seed',
      '0,0.5,0.5,3000000,1500000,1200000000,1000000000,2,mnist,dirichlet,0.1,0.9,false,1,0.5,true,2,false,0,3',
      '1,,1.5,3000000,1500000,1200000000,1000000000,2,mnist,dirichlet,0.1,0.9,false,1,0.5,true,2,false,0,3',
      '2,0.7,2.5,3000000,1500000,1200000000,1000000000,2,mnist,dirichlet,0.1,0.9,false,1,0.5,true,2,true,0.25,3',
      '',
    ])
  })

  it('says so where nothing is pruned or moved', () => {
    const row = (method: 'none' | 'static') => {
      const { manifest, rounds } = run({ method }, [0.5])
      return seedCsv(manifest.experiment, rounds, moved.slice(0, 1)).split('\n')[1]
    }
    expect(row('none')).toBe(
      '0,0.5,0.5,3000000,1500000,1200000000,1000000000,2,mnist,iid,,0,false,1,0.5,false,0,false,0,0',
    )
    expect(row('static')).toBe(
      '0,0.5,0.5,3000000,1500000,1200000000,1000000000,2,mnist,iid,,0.9,false,1,0.5,false,0,false,0,0',
    )
  })
})
