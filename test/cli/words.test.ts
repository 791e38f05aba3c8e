import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it, vi } from 'vitest'
import { experimentFromFlags } from '../../src-main/command-line/experiment-flags'
import { experimentFieldNames, fieldMetadata } from '../../src-main/contract/experiment'
import { methodNames } from '../../src-main/contract/methods'
import { builtEspalier } from './espalier'

const espalier = builtEspalier()

/** Wrong input: exit 2, one line on stderr, nothing on stdout and nothing begun. */
async function expectRefused(message: string | RegExp, ...words: string[]): Promise<void> {
  const { code, stdout, stderr } = await espalier.run(...words)
  expect({ code, stdout, lines: stderr.split('\n').length }).toEqual({ code: 2, stdout: '', lines: 2 })
  expect(stderr).toMatch(message)
  expect(existsSync(join(espalier.home, 'data/sessions'))).toBe(false)
}

describe('words of the command line', () => {
  it('is an executable script', () => {
    expect(readFileSync(espalier.entry, 'utf8')).toMatch(/^#!\/usr\/bin\/env node\n/)
  })

  it('lists every field of the experiment with its range, unit and default', async () => {
    const { code, stdout, stderr } = await espalier.run('run', '--help')
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
    for (const name of experimentFieldNames) expect(stdout).toContain(`--${fieldMetadata(name).flag} <`)
    const help = stdout.replaceAll(/\s+/g, ' ')
    expect(help).toContain('(0 to 0.999; default 0.9)')
    expect(help).toContain('(1 to 1000000 rounds; default 20)')
    expect(help).toContain('(mnist | fashion-mnist | cifar10; default mnist)')
    expect(help).toContain('--need-readjust move the topology')
  })

  it('names its commands and its version', async () => {
    const { stdout } = await espalier.run('--help')
    for (const command of ['run', 'ablation', 'sweep', 'example', 'resume', 'table', 'verify', 'methods', 'data'])
      expect(stdout).toMatch(new RegExp(`^  ${command} `, 'm'))
    expect((await espalier.run('--version')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/)
  })

  it('says which flags change nothing, and runs all the same', async () => {
    const said = vi.spyOn(console, 'error').mockReturnValue()
    const flags = { method: 'fedsgc', growth: 'gradient', beta: '0.1', sparsity: '0.8', encoding: 'csr' }
    expect(await experimentFromFlags(flags)).toMatchObject({ method: 'fedsgc', sparsity: 0.8 })
    expect(said.mock.calls.flat()).toEqual([
      'note: --beta changes nothing: it needs --distribution dirichlet or dirichlet-balanced or dirichlet-per-client or dirichlet-feddst or quantity',
      'note: --growth changes nothing: the method fedsgc does not use it',
    ])
    said.mockRestore()
  })

  it('describes every method, for readers and for programs', async () => {
    const text = await espalier.run('methods')
    const { code, stdout } = await espalier.run('methods', '--json')
    expect(code).toBe(0)
    const described = JSON.parse(stdout) as { name: string; title: string; parameters: { flag: string }[] }[]
    expect(described.map(({ name }) => name)).toEqual(methodNames)
    for (const { name, title, parameters } of described) {
      expect(text.stdout).toContain(`  ${name.padEnd(22)} ${title}`)
      for (const { flag } of parameters) expect(text.stdout).toContain(`--${flag}`)
    }
  })

  it.each([
    [
      ['run', '--sparsity', '1.5'],
      'error: sparsity (--sparsity): 1.5 is not allowed; allowed: a number from 0 to 0.999\n',
    ],
    [
      ['run', '--rounds', 'many'],
      'error: rounds (--rounds): "many" is not allowed; allowed: a whole number from 1 to 1000000\n',
    ],
    [['run', '--rounds', '2.5'], 'error: rounds (--rounds): 2.5 is not allowed; allowed: a whole number'],
    [
      ['run', '--dataset', 'imagenet'],
      'error: dataset (--dataset): "imagenet" is not allowed; allowed: one of mnist, fashion-mnist, cifar10\n',
    ],
    [
      ['run', '--clients', '30'],
      'error: clientsPerRound (--clients): 30 is not allowed; allowed: at most totalClients (20)\n',
    ],
    [
      ['run', '--method', 'static', '--need-readjust'],
      'error: method (--method): "static" is not allowed; allowed: dynamic together with --need-readjust\n',
    ],
    [['run', '--workers', '0'], 'error: --workers: "0" is not allowed; allowed: a whole number from 1 to 64\n'],
    [
      ['ablation', '--seeds', '0,x'],
      'error: --seeds: "x" is not allowed; allowed: a whole number from 0 to 4294967295\n',
    ],
    [
      ['run', '--outfile', '/nowhere/out.csv'],
      'error: --outfile: "/nowhere/out.csv" is not allowed; allowed: a file in a folder that exists',
    ],
    [
      ['run', '--config', 'no-such.json'],
      'error: --config: "no-such.json" is not allowed; allowed: a readable JSON file',
    ],
    [
      ['sweep', '--axis', 'interval=1'],
      'error: --axis: "interval=1" is not allowed; allowed: NAME=VALUE,VALUE,… where NAME is one of dataset,',
    ],
    [['sweep', '--axis', 'sparsity=2,3'], 'error: sparsity: 2 is not allowed; allowed: a number from 0 to 0.999\n'],
    [['sweep', '--axis', 'seed=1,2'], 'error: axis: "seed" is not allowed; allowed: any other field'],
    [['run', '--spasity', '0.5'], "error: unknown option '--spasity' (Did you mean --sparsity?)\n"],
    [['run', '--sparsity'], "error: option '--sparsity <number>' argument missing\n"],
    [['run', 'mnist'], /^error: too many arguments/],
    [['resume'], "error: missing required argument 'session'\n"],
    [['walk'], /^error: unknown command 'walk'/],
    [['table', 'nothing-here'], 'error: There is no session nothing-here in '],
    [['table', './no/folder'], 'error: session: "./no/folder" is not allowed; allowed: a session folder'],
    [['verify', '../..'], 'error: session: "../.." is not allowed'],
    [
      ['data', 'fetch', 'imagenet'],
      'error: dataset: "imagenet" is not allowed; allowed: one of mnist, fashion-mnist, cifar10\n',
    ],
    [['data', 'import', 'mnist', '/nowhere'], 'error: folder: /nowhere cannot be read (ENOENT)\n'],
    [['run', '--dataset', 'cifar10'], 'error: dataset: cifar10 is not on this computer. Download it'],
  ] as const)('refuses %j in one line', async (words, message) => {
    await expectRefused(message, ...words)
  })

  it.each([
    ['{"rounds": 3, "spasity": 0.5}', 'error: spasity: 0.5 is not allowed; allowed: one of dataset, '],
    ['{"sparsity": "0.5"}', 'error: sparsity (--sparsity): "0.5" is not allowed; allowed: a number'],
    ['[1]', 'allowed: a readable JSON file (it is no JSON object with fields of the experiment)'],
    ['{', 'allowed: a readable JSON file'],
  ])('refuses the configuration %s', async (content, message) => {
    writeFileSync(join(espalier.home, 'wrong.json'), content)
    const { code, stderr } = await espalier.run('run', '--config', 'wrong.json')
    expect(code).toBe(2)
    expect(stderr).toContain(message)
  })

  it('writes into no folder that holds something else', async () => {
    const folder = join(espalier.home, 'thesis')
    mkdirSync(folder)
    writeFileSync(join(folder, 'chapter.txt'), 'precious')
    const { code, stderr } = await espalier.run('run', '--session', folder)
    expect({ code, stderr }).toEqual({
      code: 2,
      stderr: `error: ${folder} is not empty; name an empty folder or an existing session.\n`,
    })
    expect(readdirSync(folder)).toEqual(['chapter.txt'])
  })

  it('lists the data sets', async () => {
    const { code, stdout } = await espalier.run('data', 'list')
    expect(code).toBe(0)
    expect(stdout).toMatch(/^mnist +bundled +60000 \+ 10000 images, 1×28×28 {2}Comes with the application\.$/m)
    expect(stdout).toMatch(/^cifar10 +missing +50000 \+ 10000 images, 3×32×32 {2}Download it/m)
    expect((await espalier.run('data', 'fetch', 'mnist')).stdout).toMatch(/^mnist is ready in /)
  })
})
