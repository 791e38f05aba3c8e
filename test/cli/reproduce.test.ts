import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtEspalier } from './espalier'

const espalier = builtEspalier()

describe('reproduce', () => {
  it('runs a published grid, shortened, and prints ours beside the published numbers, once more as JSON', async () => {
    // MNIST comes with the application; four images for each client make a round a matter of milliseconds.
    const words = 'reproduce thesis-ablation --dataset mnist --rounds 1 --epochs 1 --samples-per-client 4 --seeds 0'
    const session = join(espalier.home, 'reproduced')
    const { code, stdout, stderr } = await espalier.run(...words.split(' '), '--session', session)
    expect(code, stderr).toBe(0)
    expect(stderr).toContain('thesis-ablation: 6 runs')
    expect(stdout).toContain(
      'NOT the published protocol: dataset = mnist, samplesPerClient = 4, rounds = 1, localEpochs',
    )
    expect(stdout).toMatch(
      /\| weighted by data \| dynamic \| 60\.58 \(1\) \| \d+\.\d\d \(1\) \| \+4\.17 \| [+-]\d+\.\d\d \(1\) \|/,
    )

    const again = await espalier.run(...words.split(' '), '--session', session, '--json')
    const result = JSON.parse(again.stdout) as {
      reproduction: string
      cells: { ours: { n: number } }[]
      runs: unknown[]
    }
    expect(result.reproduction).toBe('thesis-ablation')
    expect(result.cells.map(({ ours }) => ours.n)).toEqual([1, 1, 1, 1, 1, 1])
    expect(result.runs).toHaveLength(6)
  })

  it.each([
    [['imagenet'], 'error: name: "imagenet" is not allowed; allowed: one of seed-ratio, seed-interval'],
    [['seed-ratio', '--beta', '1'], 'error: --beta: 1 is not allowed; allowed: nothing: seed-ratio varies it'],
    [['seed-ratio', '--seed', '1'], 'error: --seed: 1 is not allowed; allowed: seeds by --seeds'],
    [['seed-ratio', '--rounds', '0'], 'error: rounds (--rounds): 0 is not allowed; allowed: a whole number'],
  ])('refuses %j in one line', async (words, message) => {
    const { code, stderr } = await espalier.run('reproduce', ...words)
    expect(code).toBe(2)
    expect(stderr).toContain(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})
