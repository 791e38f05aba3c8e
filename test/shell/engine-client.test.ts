import { EventEmitter } from 'node:events'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { MessageChannelMain, type MessagePortMain } from 'electron'
import type { EspalierEvent } from '../../src-main/contract/events'
import type { DeviceNews } from '../../src-main/host/devices/shell-devices'
import type { EngineRequest } from '../../src-main/host/protocol'
import { EngineClient } from '../../src-main/shell/engine-client'

class FakeProcess extends EventEmitter {
  readonly sent: EngineRequest[] = []
  readonly ports: unknown[] = []
  postMessage(message: EngineRequest | DeviceNews, ports: unknown[] = []): void {
    this.sent.push(message as EngineRequest)
    this.ports.push(...ports)
  }
  kill = vi.fn(() => true)
  ready(): void {
    this.emit('message', { type: 'ready' })
  }
  answer(index: number, value: unknown): void {
    this.emit('message', { type: 'reply', id: this.sent[index]?.id, reply: { ok: true, value } })
  }
}

interface FakeDriver {
  device: string
  port: MessagePortMain
  isEnded: boolean
  onEnd: (reason: string) => void
}

let drivers: FakeDriver[] = []
let processes: FakeProcess[] = []
let events: EspalierEvent[] = []
let ready = 0
let client: EngineClient

function newest(): FakeProcess {
  const last = processes.at(-1)
  if (last === undefined) throw new Error('no process was started')
  return last
}

beforeEach(() => {
  vi.useFakeTimers()
  drivers = []
  processes = []
  events = []
  ready = 0
  client = new EngineClient({
    fork: () => {
      processes.push(new FakeProcess())
      return newest()
    },
    startDriver: (device, onEnd) => {
      if (device === 'cuda') throw new Error('no driver for cuda')
      const driver: FakeDriver = { device, port: new MessageChannelMain().port1, isEnded: false, onEnd }
      drivers.push(driver)
      return {
        port: driver.port,
        end: () => {
          driver.isEnded = true
        },
      }
    },
    onEvent: (event) => events.push(event),
    onReady: () => {
      ready += 1
    },
  })
  client.start()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('engine client', () => {
  it('starts what drives a device, hands its port on, and ends it when it is released', () => {
    newest().ready()
    newest().emit('message', { type: 'device-wanted', id: 3, device: 'webgpu' })
    expect(newest().sent).toEqual([{ type: 'device-offered', id: 3, missing: null }])
    expect(newest().ports).toEqual([drivers[0]?.port])
    expect(drivers).toMatchObject([{ device: 'webgpu', isEnded: false }])
    newest().emit('message', { type: 'device-released', id: 3 })
    expect(drivers[0]?.isEnded).toBe(true)
    // It was asked to.
    drivers[0]?.onEnd('its window ended (killed)')
    expect(newest().sent).toHaveLength(1)
    expect(ready).toBe(1)
  })

  it('tells the engine when what drives a device ends by itself, or cannot be started', () => {
    newest().ready()
    newest().emit('message', { type: 'device-wanted', id: 4, device: 'tensorflow-cpu' })
    drivers[0]?.onEnd('its process ended with exit code 9')
    expect(newest().sent.at(-1)).toEqual({
      type: 'device-ended',
      id: 4,
      reason: 'its process ended with exit code 9',
    })
    newest().emit('message', { type: 'device-wanted', id: 5, device: 'cuda' })
    expect(newest().sent.at(-1)).toMatchObject({
      type: 'device-offered',
      id: 5,
      missing: { reason: 'failed', problem: expect.stringContaining('no driver for cuda') as string },
    })
  })

  it('ends what drives devices with the engine that they were for', () => {
    newest().ready()
    newest().emit('message', { type: 'device-wanted', id: 1, device: 'webgpu' })
    vi.advanceTimersByTime(60_000)
    newest().emit('exit', 137)
    expect(drivers).toMatchObject([{ isEnded: true }])
  })

  it('keeps requests until the process is ready and matches answers by id', async () => {
    const first = client.request('sessions.list', undefined)
    const second = client.request('datasets.list', undefined)
    expect(newest().sent).toEqual([])
    newest().ready()
    expect(newest().sent.map((request) => request.command)).toEqual(['sessions.list', 'datasets.list'])
    newest().answer(1, 'b')
    newest().answer(0, 'a')
    expect(await first).toEqual({ ok: true, value: 'a' })
    expect(await second).toEqual({ ok: true, value: 'b' })
    expect(ready).toBe(1)
  })

  it('hands events on', () => {
    newest().ready()
    newest().emit('message', { type: 'event', event: { type: 'sessions.changed' } })
    expect(events).toEqual([{ type: 'sessions.changed' }])
  })

  it('answers open requests in words when the process ends, says so, and starts another', async () => {
    newest().ready()
    const open = client.request('sessions.list', undefined)
    vi.advanceTimersByTime(60_000)
    newest().emit('exit', 139)
    expect(await open).toMatchObject({
      ok: false,
      error: { kind: 'failed', message: expect.stringContaining('139') as string },
    })
    expect(events).toMatchObject([
      { type: 'engine.lost', message: expect.stringContaining('starting again') as string },
    ])
    vi.advanceTimersByTime(1000)
    expect(processes).toHaveLength(2)
    const later = client.request('sessions.list', undefined)
    newest().ready()
    newest().answer(0, [])
    expect(await later).toEqual({ ok: true, value: [] })
    expect(ready).toBe(2)
  })

  it('gives up after two quick ends and answers every later request at once', async () => {
    newest().emit('exit', 1)
    vi.advanceTimersByTime(1000)
    expect(processes).toHaveLength(2)
    newest().emit('exit', 1)
    vi.advanceTimersByTime(60_000)
    expect(processes).toHaveLength(2)
    expect(events.at(-1)).toMatchObject({
      type: 'engine.lost',
      message: expect.stringContaining('stays down') as string,
    })
    expect(await client.request('sessions.list', undefined)).toMatchObject({ ok: false, error: { kind: 'failed' } })
  })

  it('survives a fatal error of the engine process', () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined)
    expect(() => newest().emit('error', 'FatalError', 'v8')).not.toThrow()
    expect(log).toHaveBeenCalledWith('engine process: FatalError at v8')
  })

  it('does not count ends that come late', () => {
    for (let end = 0; end < 4; end += 1) {
      newest().ready()
      vi.advanceTimersByTime(60_000)
      newest().emit('exit', 1)
      vi.advanceTimersByTime(1000)
    }
    expect(processes).toHaveLength(5)
  })

  it('shuts down by asking, then ends the process, and takes that end for no loss', async () => {
    newest().ready()
    const done = client.shutdown()
    expect(newest().sent.map((request) => request.command)).toEqual(['host.shutdown'])
    expect(newest().kill).not.toHaveBeenCalled()
    newest().answer(0, null)
    await done
    expect(newest().kill).toHaveBeenCalledOnce()
    newest().emit('exit', 0)
    vi.advanceTimersByTime(60_000)
    expect(events).toEqual([])
    expect(processes).toHaveLength(1)
  })

  it('restarts without a loss; what was asked meanwhile is answered by the fresh process', async () => {
    newest().ready()
    const done = client.restart()
    newest().answer(0, null)
    await done
    expect(newest().kill).toHaveBeenCalledOnce()
    const asked = client.request('sessions.list', undefined)
    newest().emit('exit', 0)
    expect(processes).toHaveLength(2)
    newest().ready()
    newest().answer(0, [])
    expect(await asked).toEqual({ ok: true, value: [] })
    expect(events).toEqual([])
  })

  it('does not wait for ever for an engine that does not answer', async () => {
    newest().ready()
    const done = client.shutdown()
    await vi.advanceTimersByTimeAsync(15_000)
    await done
    expect(newest().kill).toHaveBeenCalledOnce()
  })
})
