import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { startDriver } from '../../src-main/shell/device-drivers'
import { BrowserWindow } from '../mocks/electron'

const files = { process: '/device.cjs', preload: '/preload.cjs', page: 'app://espalier/device.html' }
const failed = new Error("ERR_FAILED (-2) loading 'app://espalier/device.html'")
const onEnd = vi.fn<(reason: string) => void>()

function openWindow(): BrowserWindow {
  startDriver(files)('webgpu', onEnd)
  const window = BrowserWindow.opened.at(-1)
  if (window === undefined) throw new Error('no window was opened')
  return window
}

beforeEach(() => {
  vi.useFakeTimers()
  onEnd.mockClear()
})
afterEach(() => {
  vi.useRealTimers()
})

describe('the window that drives a card', () => {
  it('is said to have crashed where its process ends while its page loads', async () => {
    const window = openWindow()
    // The order of Electron: the load fails, and then the process has gone.
    window.loaded(failed)
    await vi.advanceTimersByTimeAsync(0)
    window.webContents.isCrashed.mockReturnValue(true)
    window.webContents.emit('render-process-gone', {}, { reason: 'crashed' })
    await vi.runAllTimersAsync()
    expect(onEnd.mock.calls).toEqual([['its window ended (crashed)']])
  })

  it('says so where its page cannot be shown', async () => {
    openWindow().loaded(failed)
    await vi.runAllTimersAsync()
    expect(onEnd.mock.calls).toEqual([[`its page cannot be shown (${failed.message})`]])
  })

  it('says nothing where it was closed meanwhile', async () => {
    const window = openWindow()
    window.loaded(failed)
    window.isDestroyed.mockReturnValue(true)
    await vi.runAllTimersAsync()
    expect(onEnd).not.toHaveBeenCalled()
  })
})
