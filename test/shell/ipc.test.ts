import { beforeEach, describe, expect, it, vi } from 'vitest'
import { EspalierError, preferencesSchema } from '../../src-main/contract/commands'
import type { CommandReply, Preferences } from '../../src-main/contract/commands'
import { defaultExperiment } from '../../src-main/contract/experiment'
import { invokeChannel } from '../../src-main/shell/channels'
import { openDoor } from '../../src-main/shell/ipc'
import type { LocalCommands } from '../../src-main/shell/ipc'
import { ipcMain } from '../mocks/electron'

const ours = { name: 'our frame' }
const forward = vi.fn((): Promise<CommandReply> => Promise.resolve({ ok: true, value: 'from the engine' }))
const preferences: Preferences = preferencesSchema.parse({ theme: 'dark', locale: 'en', tourSeen: true })
const local = {
  'application.info': vi.fn(),
  'application.setFolder': vi.fn(),
  'application.verify': vi.fn(),
  'application.openPaper': vi.fn(),
  'experiment.save': vi.fn(),
  'experiment.load': vi.fn(),
  'exports.save': vi.fn(),
  'preferences.get': vi.fn(() => preferences),
  'preferences.set': vi.fn(() => preferences),
  'datasets.import': vi.fn(),
  'sessions.reveal': vi.fn(),
  'sessions.export': vi.fn(),
  'sessions.import': vi.fn(),
  'sessions.arrived': vi.fn(),
  'sessions.locate': vi.fn(),
} satisfies LocalCommands

const ask = (frame: unknown, ...values: unknown[]): unknown => ipcMain.invoke(invokeChannel, frame, ...values)

beforeEach(() => {
  vi.clearAllMocks()
  openDoor({ isOurs: (frame) => (frame as unknown) === ours, local, forward })
})

describe('the door between window and application', () => {
  it('forwards a checked command to the engine', async () => {
    expect(await ask(ours, 'sessions.open', { sessionId: 'abc' })).toEqual({ ok: true, value: 'from the engine' })
    expect(forward).toHaveBeenCalledWith('sessions.open', { sessionId: 'abc' })
  })

  it('forwards what the check made of the input, defaults filled in', async () => {
    await ask(ours, 'preview.plan', { experiment: { rounds: 7 } })
    expect(forward).toHaveBeenCalledWith('preview.plan', { experiment: { ...defaultExperiment(), rounds: 7 } })
  })

  it('answers what needs no engine itself', async () => {
    expect(await ask(ours, 'preferences.get', undefined)).toEqual({ ok: true, value: preferences })
    expect(forward).not.toHaveBeenCalled()
  })

  it.each([{ name: 'another frame' }, null])('refuses an unknown sender (%j) before anything else', async (frame) => {
    expect(await ask(frame, 'preferences.get', undefined)).toMatchObject({ ok: false, error: { kind: 'refused' } })
    expect(local['preferences.get']).not.toHaveBeenCalled()
  })

  it.each(['sessions.format', 'host.shutdown', 'toString', '__proto__', 7, null])(
    'refuses the unknown command %j',
    async (command) => {
      const reply = await ask(ours, command, undefined)
      expect(reply).toMatchObject({ ok: false, error: { kind: 'wrong-input' } })
      expect(forward).not.toHaveBeenCalled()
    },
  )

  it.each([
    ['sessions.open', { sessionId: '../../etc' }, 'sessionId'],
    ['sessions.open', undefined, 'sessions.open'],
    ['sessions.open', { sessionId: 'a', extra: 1 }, 'extra'],
    ['preferences.set', { theme: 'pink' }, 'theme'],
    ['sessions.table', { sessionId: 'a', format: 'exe' }, 'format'],
  ])('refuses wrong input of %s: %j', async (command, input, named) => {
    const reply = await ask(ours, command, input)
    expect(reply).toMatchObject({
      ok: false,
      error: { kind: 'wrong-input', message: expect.stringContaining(named) as string },
    })
    expect(forward).not.toHaveBeenCalled()
  })

  it('names field, value and what is allowed of a wrong experiment', async () => {
    const reply = await ask(ours, 'preview.plan', { experiment: { sparsity: 2 } })
    expect(reply).toMatchObject({
      ok: false,
      error: { message: 'sparsity: 2 is not allowed; allowed: a number from 0 to 0.999' },
    })
  })

  it('hands a change of preferences on without filling in defaults', async () => {
    await ask(ours, 'preferences.set', { theme: 'dark' })
    expect(local['preferences.set']).toHaveBeenCalledWith({ theme: 'dark' })
  })

  it('gives errors back in words, with their kind', async () => {
    local['sessions.reveal'].mockRejectedValueOnce(new EspalierError('not-found', 'there is no session x'))
    expect(await ask(ours, 'sessions.reveal', { sessionId: 'x' })).toEqual({
      ok: false,
      error: { kind: 'not-found', message: 'there is no session x' },
    })
    local['sessions.locate'].mockRejectedValueOnce(new Error('broken'))
    expect(await ask(ours, 'sessions.locate', undefined)).toEqual({
      ok: false,
      error: { kind: 'failed', message: 'broken' },
    })
  })
})
