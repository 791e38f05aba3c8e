import { describe, expect, it } from 'vitest'
import {
  backgrounds,
  deviceWindowOptions,
  paperWindowOptions,
  windowOptions,
} from '../../src-main/shell/window-options'

const state = { bounds: { x: 10, y: 20, width: 1000, height: 700 }, maximised: false }

const files = { preload: '/p/index.cjs', icon: '/p/icon.png' }

describe('window options', () => {
  it('isolate and sandbox the page and give it no Node', () => {
    expect(windowOptions(files, state, false).webPreferences).toMatchObject({
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
    expect(windowOptions(files, state, false)).toMatchObject({
      x: 10,
      y: 20,
      width: 1000,
      height: 700,
      show: false,
      icon: '/p/icon.png',
    })
    expect(windowOptions(files, state, false).backgroundColor).toBe(backgrounds.light)
    expect(windowOptions(files, state, true).backgroundColor).toBe(backgrounds.dark)
  })

  it('drive a card in a hidden window that is as shut off as the other', () => {
    expect(deviceWindowOptions('/p/device.cjs')).toMatchObject({
      show: false,
      webPreferences: { sandbox: true, contextIsolation: true, webSecurity: true, nodeIntegration: false },
    })
  })

  it('print figures in a hidden window without scripts', () => {
    expect(paperWindowOptions()).toMatchObject({
      show: false,
      webPreferences: { javascript: false, sandbox: true, contextIsolation: true, nodeIntegration: false },
    })
  })
})
