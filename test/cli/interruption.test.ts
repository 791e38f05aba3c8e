import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { builtEspalier, smallRun } from './espalier'

const espalier = builtEspalier()
const long = ['run', ...smallRun, '--method', 'dynamic', '--rounds', '60', '--eval-every', '60']

/** The last line of stdout, which `--json` promises. */
function result(stdout: string) {
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as {
    state: string
    rounds: number
    weightsSha256: string | null
  }
}

describe('an interrupted run', () => {
  it.each(['SIGINT', 'SIGTERM', 'SIGKILL'] as const)(
    'goes on after %s and ends with the weights of an uninterrupted one',
    async (signal) => {
      const session = join(espalier.home, `after-${signal}`)
      const stopped = await espalier.stopAt(/round 5\/60/, signal, ...long, '--session', session, '--json')
      if (signal !== 'SIGKILL') {
        expect(stopped.code).toBe(130)
        expect(stopped.stderr).toContain(`Interrupted; go on with: npx espalier resume ${session}\n`)
        expect(result(stopped.stdout)).toMatchObject({ state: 'paused', weightsSha256: null })
        expect(result(stopped.stdout).rounds).toBeLessThan(60)
      }
      const resumed = await espalier.run('resume', session, '--json')
      expect(resumed.code, resumed.stderr).toBe(0)
      // It does not start from the beginning.
      expect(resumed.stderr).not.toMatch(/round 1\/60/)
      const uninterrupted = await espalier.run(...long, '--json')
      expect(result(resumed.stdout)).toMatchObject({ state: 'finished', rounds: 60 })
      expect(result(resumed.stdout).weightsSha256).toBe(result(uninterrupted.stdout).weightsSha256)
      expect((await espalier.run('verify', session)).code).toBe(0)
    },
  )

  it('stops before the first run is queued', async () => {
    const { code, stdout } = await espalier.stopAt(/Session:/, 'SIGINT', 'ablation', ...smallRun, '--rounds', '50')
    expect(code).toBe(130)
    expect(stdout).toMatch(/No round has been evaluated yet|\| Arm/)
  })

  it('has nothing to resume once every run has ended', async () => {
    const session = join(espalier.home, 'ended')
    await espalier.run('run', ...smallRun, '--rounds', '1', '--session', session)
    const { code, stdout, stderr } = await espalier.run('resume', session)
    expect(code).toBe(0)
    expect(stderr).toContain('there is nothing to resume')
    expect(stdout).toContain('| Static pruning | 1 |')
  })

  it('resumes every arm of an ablation and then shows all of them', async () => {
    const session = join(espalier.home, 'arms')
    const words = ['ablation', ...smallRun, '--rounds', '4', '--session', session]
    expect((await espalier.stopAt(/static, seed 0 {2}round 2\/4/, 'SIGINT', ...words)).code).toBe(130)
    const outfile = join(espalier.home, 'arms.csv')
    const { code, stdout } = await espalier.run('resume', session, '--outfile', outfile)
    expect(code).toBe(0)
    for (const arm of ['Dynamic pruning', 'Static pruning', 'No pruning', 'Small dense model'])
      expect(stdout).toContain(`| ${arm} | 1 |`)
  })
})
