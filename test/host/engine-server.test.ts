import { expect, it, vi } from 'vitest'
import { EspalierError } from '../../src-main/contract/commands'
import type { EspalierEvent } from '../../src-main/contract/events'
import { serveEngine, type Engine, type EnginePort } from '../../src-main/host/engine-server'
import type { EngineMessage } from '../../src-main/host/protocol'

function connect(opening: Promise<Engine>) {
  const sent: EngineMessage[] = []
  let deliver: Parameters<EnginePort['onMessage']>[0] = () => {}
  const served = serveEngine(
    {
      post: (message) => sent.push(message),
      onMessage: (listener) => {
        deliver = listener
      },
    },
    opening,
  )
  return {
    sent,
    served,
    ask: (message: unknown) => {
      deliver(message, [])
    },
  }
}

const quiet = () => vi.spyOn(console, 'error').mockImplementation(() => {})

it('is ready once the engine is open, answers by id and passes events on', async () => {
  let emit: (event: EspalierEvent) => void = () => {}
  const { sent, served, ask } = connect(
    Promise.resolve({
      handle: (command, input) => Promise.resolve([command, input]),
      onEvent: (listener) => {
        emit = listener
        return () => {}
      },
    }),
  )
  await served
  emit({ type: 'sessions.changed' })
  ask({ id: 7, command: 'sessions.list', input: undefined })
  await vi.waitFor(() => {
    expect(sent).toEqual([
      { type: 'ready' },
      { type: 'event', event: { type: 'sessions.changed' } },
      { type: 'reply', id: 7, reply: { ok: true, value: ['sessions.list', undefined] } },
    ])
  })
})

it('answers errors with their kind, and unforeseen ones with their words and a line in the log', async () => {
  const log = quiet()
  const { sent, served, ask } = connect(
    Promise.resolve({
      handle: (command) =>
        Promise.reject(command === 'known' ? new EspalierError('busy', 'wait') : new TypeError('x is not y')),
      onEvent: () => () => {},
    }),
  )
  await served
  ask({ id: 1, command: 'known', input: null })
  ask({ id: 2, command: 'unknown', input: null })
  ask('nonsense')
  await vi.waitFor(() => {
    expect(sent.slice(1)).toEqual([
      { type: 'reply', id: 1, reply: { ok: false, error: { kind: 'busy', message: 'wait' } } },
      { type: 'reply', id: 2, reply: { ok: false, error: { kind: 'failed', message: 'x is not y' } } },
    ])
  })
  expect(log.mock.calls.map(([text]) => String(text))).toEqual([
    'espalier engine: a message that is no request was ignored',
    'espalier engine: unknown:',
  ])
  log.mockRestore()
})

it('answers every request with the reason when the engine cannot be opened', async () => {
  const log = quiet()
  const { sent, served, ask } = connect(Promise.reject(new EspalierError('failed', 'no kernels')))
  ask({ id: 1, command: 'sessions.list', input: undefined })
  await served
  await vi.waitFor(() => {
    expect(sent).toHaveLength(2)
  })
  expect(sent).toContainEqual({ type: 'ready' })
  expect(sent).toContainEqual({
    type: 'reply',
    id: 1,
    reply: { ok: false, error: { kind: 'failed', message: 'no kernels' } },
  })
  expect(log).toHaveBeenCalledOnce()
  log.mockRestore()
})
