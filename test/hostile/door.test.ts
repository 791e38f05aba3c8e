import fc from 'fast-check'
import { beforeEach, describe, expect, it, vi } from 'vitest'
import { commands, type CommandName, type CommandReply } from '../../src-main/contract/commands'
import { invokeChannel } from '../../src-main/shell/channels'
import { openDoor, type LocalCommands } from '../../src-main/shell/ipc'
import { ipcMain } from '../mocks/electron'
import { anyMessage, anyText, cases, isPolluted } from './cases'

const commandNames = Object.keys(commands) as CommandName[]
const ours = { name: 'our frame' }
/** What got through the door, as the engine and the main process see it. */
const reached: [string, unknown][] = []
const local = new Proxy({} as LocalCommands, {
  get: (_, name) => (input: unknown) => {
    reached.push([String(name), input])
    return null
  },
})

beforeEach(() => {
  reached.length = 0
  openDoor({
    isOurs: (frame) => (frame as unknown) === ours,
    local,
    forward: vi.fn((command: string, input: unknown): Promise<CommandReply> => {
      reached.push([command, input])
      return Promise.resolve({ ok: true, value: null })
    }),
  })
})

const ask = async (...values: unknown[]) => (await ipcMain.invoke(invokeChannel, ours, ...values)) as CommandReply

describe('hostile messages of a window', () => {
  it('get an answer, and only what a schema lets through gets further (20 000 cases)', async () => {
    // Objects that have the right names with the wrong content come closest to slipping through.
    const named = fc.constantFrom(...commandNames).chain((name) => {
      const schema = commands[name]
      const keys = 'shape' in schema ? Object.keys(schema.shape) : []
      const shaped = fc.dictionary(fc.oneof(fc.constantFrom('sessionId', ...keys), anyText), anyMessage, { maxKeys: 6 })
      return fc.tuple(fc.constant<unknown>(name), fc.oneof(anyMessage, shaped))
    })
    await fc.assert(
      fc.asyncProperty(fc.oneof({ weight: 4, arbitrary: named }, fc.tuple(anyMessage, anyMessage)), async (message) => {
        const before = reached.length
        const [command, input] = message
        const reply = await ask(command, input)
        const isAllowed =
          typeof command === 'string' &&
          Object.hasOwn(commands, command) &&
          commands[command as CommandName].safeParse(input).success
        expect(reached.length - before).toBe(isAllowed ? 1 : 0)
        expect(reply.ok).toBe(isAllowed)
        if (!reply.ok) expect(reply.error.message.length).toBeLessThan(20_000)
      }),
      cases(20_000),
    )
    expect(isPolluted()).toBe(false)
  })
})
