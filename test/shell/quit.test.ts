import { setImmediate } from 'node:timers/promises'
import type { App, BrowserWindow } from 'electron'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { quitInOrder } from '../../src-main/shell/quit'
import { wordsFor } from '../../src-main/shell/words'
import { dialog, FakeApp, FakeWindow } from '../mocks/electron'

let app: FakeApp
let window: FakeWindow
let running: boolean
const finish = vi.fn(() => Promise.resolve())
const signals = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const before = new Map(signals.map((signal) => [signal, process.listeners(signal)]))

function closeWindow(): { preventDefault: ReturnType<typeof vi.fn> } {
  const event = { preventDefault: vi.fn() }
  window.emit('close', event)
  return event
}

beforeEach(() => {
  vi.clearAllMocks()
  app = new FakeApp()
  window = new FakeWindow()
  running = false
  quitInOrder({
    app: app as unknown as App,
    window: window as unknown as BrowserWindow,
    isRunning: () => running,
    words: () => wordsFor('en'),
    finish,
  })
})
afterEach(() => {
  for (const signal of signals) {
    for (const listener of process.listeners(signal)) {
      if (before.get(signal)?.includes(listener) !== true) process.removeListener(signal, listener)
    }
  }
})

describe('quitting', () => {
  it('holds the window until the engine has stopped, then quits without asking when nothing runs', async () => {
    expect(closeWindow().preventDefault).toHaveBeenCalledOnce()
    await vi.waitFor(() => {
      expect(app.quit).toHaveBeenCalledOnce()
    })
    expect(finish).toHaveBeenCalledOnce()
    expect(dialog.showMessageBox).not.toHaveBeenCalled()
    expect(closeWindow().preventDefault).not.toHaveBeenCalled()
  })

  it('asks while a run is going on, and stays when the answer is no', async () => {
    running = true
    dialog.showMessageBox.mockResolvedValueOnce({ response: 0 })
    closeWindow()
    await vi.waitFor(() => {
      expect(dialog.showMessageBox).toHaveBeenCalledOnce()
    })
    await setImmediate()
    expect(finish).not.toHaveBeenCalled()
    dialog.showMessageBox.mockResolvedValueOnce({ response: 1 })
    await vi.waitFor(() => {
      closeWindow()
      expect(app.quit).toHaveBeenCalledOnce()
    })
    expect(finish).toHaveBeenCalledOnce()
  })

  it('stops the engine once, however often it is told to quit', async () => {
    closeWindow()
    app.emit('before-quit', { preventDefault: vi.fn() })
    process.emit('SIGTERM')
    await vi.waitFor(() => {
      expect(app.quit).toHaveBeenCalled()
    })
    expect(finish).toHaveBeenCalledOnce()
  })

  it('asks nobody on a signal', async () => {
    running = true
    process.emit('SIGINT')
    await vi.waitFor(() => {
      expect(app.quit).toHaveBeenCalledOnce()
    })
    expect(dialog.showMessageBox).not.toHaveBeenCalled()
  })
})
