import { describe, expect, it } from 'vitest'
import { backgrounds, windowOptions } from '../../src-main/shell/window-options'

const state = { bounds: { x: 10, y: 20, width: 1000, height: 700 }, maximised: false }

describe('window options', () => {
  it('isolate and sandbox the page and give it no Node', () => {
    expect(windowOptions('/p/index.cjs', state, false).webPreferences).toMatchObject({
      preload: '/p/index.cjs',
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
    })
  })

  it('restore the bounds and start hidden on the page’s background', () => {
    expect(windowOptions('/p', state, false)).toMatchObject({ x: 10, y: 20, width: 1000, height: 700, show: false })
    expect(windowOptions('/p', state, false).backgroundColor).toBe(backgrounds.light)
    expect(windowOptions('/p', state, true).backgroundColor).toBe(backgrounds.dark)
  })
})
