import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it, vi } from 'vitest'
import { commands } from '../../src-main/contract/commands'
import { defaultExperiment } from '../../src-main/contract/experiment'
import { paperNames, papers } from '../../src-main/contract/papers'
import { localCommands, type LocalCommandOptions } from '../../src-main/shell/local-commands'
import { wordsFor } from '../../src-main/shell/words'
import { dialog, FakeWindow, shell } from '../mocks/electron'

let folder = ''
let running = false
const engine = { request: vi.fn(), restart: vi.fn() }
const local = localCommands({
  window: new FakeWindow() as unknown as LocalCommandOptions['window'],
  engine,
  isRunning: () => running,
  preferences: { get: vi.fn(), set: vi.fn(), windowState: vi.fn(), setWindowState: vi.fn() },
  onPreferences: vi.fn(),
  words: () => wordsFor('en'),
  arrivals: { take: () => [] },
})

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'espalier-local-'))
})
afterEach(async () => {
  await rm(folder, { recursive: true, force: true })
})

it('saves a set-up that it loads again, and says what does not fit in another file', async () => {
  const file = join(folder, 'setup.json')
  const experiment = { ...defaultExperiment(), sparsity: 0.95, rateDecayEnd: null }
  dialog.showSaveDialog.mockResolvedValueOnce({ filePath: file })
  expect(await local['experiment.save']({ experiment })).toBe(file)
  expect(JSON.parse(await readFile(file, 'utf8'))).toEqual(experiment)
  dialog.showOpenDialog.mockResolvedValue({ filePaths: [file] })
  expect(await local['experiment.load'](undefined)).toEqual(experiment)

  await writeFile(file, '{"rounds": 0, "colour": "red"}')
  await expect(local['experiment.load'](undefined)).rejects.toThrow(/setup.json: rounds: 0 is not allowed.*colour/)
  await writeFile(file, '[1]')
  await expect(local['experiment.load'](undefined)).rejects.toThrow(/no JSON object/)
})

it('writes nothing when the dialog is closed', async () => {
  dialog.showSaveDialog.mockResolvedValueOnce({ filePath: '' })
  expect(await local['experiment.save']({ experiment: defaultExperiment() })).toBeNull()
})

it('opens the papers it knows, all by https, and no other address', async () => {
  await local['application.openPaper']({ paper: 'Evci et al. 2020' })
  expect(shell.openExternal).toHaveBeenCalledWith('https://arxiv.org/abs/1911.11134')
  expect(paperNames.map((name) => new URL(papers[name]).protocol)).toEqual(paperNames.map(() => 'https:'))
  expect(commands['application.openPaper'].safeParse({ paper: 'file:///etc/passwd' }).success).toBe(false)
})

it('writes what leaves the window as it is, pictures as bytes, and nothing when the dialog is closed', async () => {
  const save = async (format: 'svg' | 'png', content: string) => {
    const file = join(folder, `figure.${format}`)
    dialog.showSaveDialog.mockResolvedValueOnce({ filePath: file })
    expect(await local['exports.save']({ name: 'figure', format, content })).toBe(file)
    return readFile(file)
  }
  expect((await save('svg', '<svg>β</svg>')).toString('utf8')).toBe('<svg>β</svg>')
  expect([...(await save('png', 'iVBORw=='))]).toEqual([0x89, 0x50, 0x4e, 0x47])
  expect(dialog.showSaveDialog.mock.lastCall?.[1]).toMatchObject({ defaultPath: 'figure.png' })
  dialog.showSaveDialog.mockResolvedValueOnce({ filePath: '' })
  expect(await local['exports.save']({ name: 'figure', format: 'md', content: '' })).toBeNull()
  for (const name of ['../figure', 'a:b', '']) {
    expect(commands['exports.save'].safeParse({ name, format: 'svg', content: '' }).success).toBe(false)
  }
})

it('keeps sessions where the user chooses, with a fresh engine, and never under a run', async () => {
  engine.request.mockResolvedValue({ ok: true, value: { sessionsFolder: folder } })
  const ask = (to: 'chosen' | 'default') => local['application.setFolder']({ folder: 'sessions', to })
  dialog.showOpenDialog.mockResolvedValueOnce({ filePaths: [folder] })
  expect(await ask('chosen')).toMatchObject({ sessionsFolder: folder, version: '0.0.0' })
  expect(engine.request.mock.calls[0]).toEqual(['host.setFolder', { folder: 'sessions', path: folder }])
  expect(engine.restart).toHaveBeenCalledOnce()
  dialog.showOpenDialog.mockResolvedValueOnce({ filePaths: [] })
  expect(await ask('chosen')).toBeNull()
  running = true
  await expect(ask('default')).rejects.toMatchObject({ kind: 'busy' })
  running = false
  await ask('default')
  expect(engine.request).toHaveBeenCalledWith('host.setFolder', { folder: 'sessions', path: null })
  expect(engine.restart).toHaveBeenCalledTimes(2)
})
