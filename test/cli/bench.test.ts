import { describe, expect, it } from 'vitest'
import { benchmarkExperiment, profiledRound } from '../../src-main/host/benchmark'
import { builtEspalier } from './espalier'

const espalier = builtEspalier()

describe('espalier bench', () => {
  it('shows where the time of a round goes, stage by stage and layer by layer', async () => {
    const { code, stdout, stderr } = await espalier.run('bench', '--profile', '--sparsity', '0.999')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    const [title, header, ...lines] = stdout.trimEnd().split('\n')
    expect(title).toMatch(/S = 0\.999\), sparse\/(wasm|native \(\w+\)), one thread: \d+\.\d\d s of processor time$/)
    expect(header.split(/\s+/)).toEqual(['stage', 'layer', 'ms', 'share'])
    const rows = lines.map((line) => /^(.{22})(.{12})\s*([\d.]+)\s+([\d.]+) %$/.exec(line)?.slice(1) ?? [])
    const names = rows.map(([stage, layer]) =>
      [stage, layer]
        .map((word) => word.trim())
        .join(' ')
        .trim(),
    )
    for (const stage of ['forward', 'parameter gradient'])
      for (const layer of ['conv1', 'conv2', 'fc1', 'fc2', 'fc3']) expect(names).toContain(`${stage} ${layer}`)
    for (const name of ['forward pooling 2', 'input gradient pooling 1', 'batch', 'optimiser', 'rest of the round'])
      expect(names).toContain(name)
    const times = rows.map(([, , milliseconds]) => Number(milliseconds))
    expect(times).toEqual([...times].sort((left, right) => right - left))
    const shares = rows.reduce((sum, [, , , share]) => sum + Number(share), 0)
    expect(Math.abs(shares - 100)).toBeLessThan(2)
  }, 120_000)

  it('knows an experiment for every sparsity that it takes', () => {
    for (const sparsity of [0, 0.001, 0.999])
      expect(benchmarkExperiment(profiledRound(sparsity)).rounds).toBeGreaterThan(0)
  })

  it('refuses a sparsity that there is not', async () => {
    const { code, stdout, stderr } = await espalier.run('bench', '--profile', '--sparsity', '1.5')
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toMatch(/--sparsity: "1\.5" is not allowed; allowed: a number from 0 to 0\.999/)
  })
})
