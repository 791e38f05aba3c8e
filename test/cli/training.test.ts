import { readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtEspalier, smallRun } from './espalier'

const espalier = builtEspalier()

async function json(...words: string[]): Promise<Record<string, unknown>> {
  const { code, stdout, stderr } = await espalier.run(...words, '--json')
  expect(code, stderr).toBe(0)
  expect(stdout.trim().split('\n')).toHaveLength(1)
  return JSON.parse(stdout) as Record<string, unknown>
}

describe('run', () => {
  it('trains, ends with one line of JSON and writes the round file with the columns of the seed', async () => {
    const outfile = join(espalier.home, 'out.csv')
    writeFileSync(outfile, 'old')
    const result = await json(
      'run',
      ...smallRun,
      '--rounds',
      '3',
      '--sparsity',
      '0.8',
      '--need-readjust',
      '--outfile',
      outfile,
    )
    // 784·300 + 300·100 + 100·10 weights.
    expect(result).toMatchObject({
      state: 'finished',
      method: 'dynamic',
      rounds: 3,
      prunableWeights: 266_200,
      finalAccuracy: expect.any(Number) as number,
      bestAccuracy: expect.any(Number) as number,
      secondsPerRound: expect.any(Number) as number,
      uploadBytes: expect.any(Number) as number,
      weightsSha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      trainer: expect.stringMatching(/^sparse\/(wasm|native)/) as string,
    })
    expect(result['bestAccuracy']).toBeGreaterThan(0.1)
    // Layers hold whole weights.
    expect(Number(result['activeWeights']) / 266_200).toBeCloseTo(0.2, 4)
    expect(result['realisedSparsity']).toBe(1 - Number(result['activeWeights']) / 266_200)
    const lines = readFileSync(outfile, 'utf8').trim().split('\n')
    expect(lines[0]).toBe(
      'server-round,global-accuracy,compute-times,download-cost,upload-cost,largest-flops,avg-flops,clients,dataset,distribution,beta,sparsity,grad-agg,Gamma,tradeoff,need-readjust,rounds-between-readjustments,readjust,readjust-ratio,seed',
    )
    expect(lines.map((line) => line.split(',')[0])).toEqual(['server-round', '0', '1', '2'])
    expect(lines[3].split(',')[1]).toBe(String(result['finalAccuracy']))
  })

  it('keeps the mask where neither flag nor file names a method, and lets flags override the file', async () => {
    const file = join(espalier.home, 'experiment.json')
    writeFileSync(file, JSON.stringify({ rounds: 2, sparsity: 0.5, seed: 7 }))
    const words = ['run', ...smallRun, '--config', file]
    const result = await json(...words, '--sparsity', '0.75')
    expect(result).toMatchObject({ method: 'static', seed: 7, rounds: 2 })
    expect(result['realisedSparsity']).toBeCloseTo(0.75, 4)
    writeFileSync(file, JSON.stringify({ rounds: 1, method: 'none' }))
    expect(await json(...words)).toMatchObject({ method: 'none', activeWeights: 266_200 })
    expect(await json(...words, '--method', 'dynamic', '--need-readjust')).toMatchObject({ method: 'dynamic' })
    const { code, stderr } = await espalier.run(...words, '--need-readjust')
    expect({ code, stderr }).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('"none" is not allowed') as string,
    })
  })

  it('gives the same weights whatever the number of workers', async () => {
    const words = ['run', ...smallRun, '--rounds', '2', '--method', 'dynamic']
    const one = await json(...words, '--workers', '1')
    const three = await json(...words, '--workers', '3')
    expect(three['weightsSha256']).toBe(one['weightsSha256'])
    expect(three['finalAccuracy']).toBe(one['finalAccuracy'])
  })

  it('says how it goes on stderr, one line for each round, and ends in a table', async () => {
    const { code, stdout, stderr } = await espalier.run('run', ...smallRun, '--rounds', '2')
    expect(code).toBe(0)
    expect(stderr).toMatch(
      /^static, seed 0 {2}round 1\/2 {2}test accuracy \d+\.\d\d % {2}training loss \d\.\d{4} {2}\d+\.\d\d s$/m,
    )
    expect(stderr).toMatch(/^static, seed 0 {2}round 2\/2/m)
    expect(stdout).toMatch(/^\| Static pruning \| 1 \| \d+\.\d\d \|/m)
    expect(stdout).toMatch(/^Session: .*data\/sessions\//m)
  })
})

describe('ablation', () => {
  const session = () => join(espalier.home, 'ablation')

  it('runs the four arms for every seed, in a folder of choice', async () => {
    const result = await json('ablation', ...smallRun, '--rounds', '2', '--seeds', '0,1', '--session', session())
    const runs = result['runs'] as { method: string; seed: number; state: string }[]
    expect(runs.map(({ method, seed, state }) => `${method} ${seed} ${state}`)).toEqual(
      [0, 1].flatMap((seed) => ['dynamic', 'static', 'none', 'small-dense'].map((arm) => `${arm} ${seed} finished`)),
    )
    const arms = result['arms'] as { method: string; finalAccuracy: { n: number } }[]
    expect(arms.map(({ method, finalAccuracy }) => [method, finalAccuracy.n])).toEqual(
      ['dynamic', 'static', 'none', 'small-dense'].map((arm) => [arm, 2]),
    )
    expect(readdirSync(session())).toContain('session.json')
  })

  it('draws a figure with the fonts it ships, and writes a report', async () => {
    const file = join(espalier.home, 'pareto.pdf')
    const words = ['figure', session(), '--kind', 'pareto', '--format', 'pdf', '--output', file]
    expect(await espalier.run(...words)).toMatchObject({ code: 0, stdout: '', stderr: `Written: ${file}\n` })
    expect(readFileSync(file, 'latin1').startsWith('%PDF-1')).toBe(true)
    expect((await espalier.run('report', session())).stdout).toMatch(/^<!doctype html>.*<figure><svg.*<\/html>\n$/s)
  })

  it('prints its table in every format and verifies', async () => {
    const markdown = (await espalier.run('table', session())).stdout
    expect(markdown).toMatch(/^\| Arm \| n \| Final accuracy \(%\) \|/m)
    for (const arm of ['Dynamic pruning', 'Static pruning', 'No pruning', 'Small dense model'])
      expect(markdown).toMatch(new RegExp(`^\\| ${arm} \\| 2 \\| \\d+\\.\\d\\d ± \\d+\\.\\d\\d \\|`, 'm'))
    const csv = (await espalier.run('table', session(), '--format', 'csv')).stdout
    expect(csv.trim().split('\n')).toHaveLength(9)
    const latex = (await espalier.run('table', session(), '--format', 'latex')).stdout
    expect(latex).toMatch(/\\toprule[\s\S]*Dynamic pruning & 2 & [\s\S]*\\bottomrule/)
    expect(await espalier.run('table', session(), '--format', 'xls')).toMatchObject({
      code: 2,
      stderr: 'error: --format: "xls" is not allowed; allowed: one of md, csv, latex\n',
    })
    const verified = await espalier.run('verify', session())
    expect(verified).toMatchObject({ code: 0, stderr: '' })
    expect(verified.stdout).toMatch(/^\d+ files and \d+ topology updates checked: nothing wrong\n$/)
  })

  it('adds a run to a session that exists', async () => {
    await json('run', ...smallRun, '--rounds', '2', '--seed', '2', '--session', session())
    const csv = (await espalier.run('table', session(), '--format', 'csv')).stdout
    expect(csv.trim().split('\n')).toHaveLength(10)
    expect(readdirSync(join(session(), 'runs'))).toHaveLength(9)
  })

  it('travels in one file, is merged, and found by its words', async () => {
    const archive = join(espalier.home, 'sent.espalier')
    const exported = await espalier.run('session', 'export', session(), archive)
    expect(exported).toMatchObject({ code: 0, stderr: '' })
    expect(exported.stdout).toMatch(/sent\.espalier \(.+B\)\n$/)
    const imported = await espalier.run('session', 'import', archive)
    expect(imported, imported.stderr).toMatchObject({ code: 0 })
    const [id] = imported.stdout.split(' ')
    const verified = await espalier.run('verify', id)
    expect(verified.stdout).toContain('nothing wrong')

    expect((await espalier.run('session', 'duplicate', id, '--name', 'twin of it')).code).toBe(0)
    const [twin] = (await espalier.run('session', 'list', 'TWIN')).stdout.split(' ')
    const merged = await espalier.run('session', 'merge', id, twin, '--name', 'both')
    expect(merged).toMatchObject({ code: 0, stderr: '9 runs were in several sessions and are kept once\n' })
    expect((await espalier.run('session', 'list', 'both')).stdout).toMatch(/^\S+ +9 runs {2}\d{4}-\d\d-\d\d {2}both\n$/)

    writeFileSync(archive, 'no zip')
    const refused = await espalier.run('session', 'import', archive)
    expect(refused).toMatchObject({ code: 2, stdout: '' })
    expect(refused.stderr).toContain('is not a zip archive that can be read')
  })

  it('reports damage', async () => {
    const [run] = readdirSync(join(session(), 'runs'))
    const file = join(session(), 'runs', run, 'rounds.ndjson')
    writeFileSync(file, readFileSync(file, 'utf8').replace('"round":1', '"round":8'))
    const { code, stdout } = await espalier.run('verify', session())
    expect(code).toBe(1)
    expect(stdout).toMatch(/rounds\.ndjson/)
  })
})
