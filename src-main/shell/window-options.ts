import type { BrowserWindowConstructorOptions } from 'electron'
import type { WindowState } from './preferences'

/** Painted before the page is there, so that the window does not flash; the page's own backgrounds. */
export const backgrounds = { light: '#f3f4f4', dark: '#121416' } as const

export interface WindowFiles {
  readonly preload: string
  readonly icon: string
}

/**
 * Options of every window of the application: the page is isolated, sandboxed and without Node.
 *
 * @param files absolute paths of the built preload script and of the window's icon
 */
export function windowOptions(files: WindowFiles, state: WindowState, dark: boolean): BrowserWindowConstructorOptions {
  return {
    ...state.bounds,
    minWidth: 900,
    minHeight: 600,
    show: false,
    backgroundColor: dark ? backgrounds.dark : backgrounds.light,
    title: 'Espalier',
    icon: files.icon,
    webPreferences: {
      preload: files.preload,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      nodeIntegrationInSubFrames: false,
      webviewTag: false,
      spellcheck: false,
    },
  }
}

/** Options of the hidden window that drives a card: its page works as fast as if it were seen. */
export function deviceWindowOptions(preload: string): BrowserWindowConstructorOptions {
  return {
    show: false,
    webPreferences: {
      preload,
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      backgroundThrottling: false,
    },
  }
}

/** Options of the hidden window that prints a figure: it runs no script and shares nothing with the others. */
export function paperWindowOptions(): BrowserWindowConstructorOptions {
  return {
    show: false,
    webPreferences: {
      contextIsolation: true,
      sandbox: true,
      webSecurity: true,
      nodeIntegration: false,
      javascript: false,
      partition: 'figures',
    },
  }
}
