/**
 * A stand-in for the `electron` module, so that the main process is tested in plain Node. It holds what the shell uses,
 * records what it is told, and lets a test play the part of Electron (`emit`, `invoke`).
 */
import { EventEmitter } from 'node:events'
import { vi } from 'vitest'

type InvokeHandler = (event: { senderFrame: unknown }, ...values: unknown[]) => unknown

class FakeIpcMain extends EventEmitter {
  readonly handlers = new Map<string, InvokeHandler>()
  handle(channel: string, handler: InvokeHandler): void {
    this.handlers.set(channel, handler)
  }
  /** What a page's `ipcRenderer.invoke` does. */
  invoke(channel: string, senderFrame: unknown, ...values: unknown[]): unknown {
    return this.handlers.get(channel)?.({ senderFrame }, ...values)
  }
}

class FakeProtocol {
  readonly schemes: unknown[] = []
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>()
  registerSchemesAsPrivileged(schemes: unknown[]): void {
    this.schemes.push(...schemes)
  }
  handle(scheme: string, handler: (request: Request) => Promise<Response>): void {
    this.handlers.set(scheme, handler)
  }
}

export class FakeApp extends EventEmitter {
  quit = vi.fn()
  getVersion = (): string => '0.0.0'
  getLocale = (): string => 'en-GB'
  getPath = (): string => '/nowhere'
  getName = (): string => 'Espalier'
}

export class FakeWindow extends EventEmitter {
  setProgressBar = vi.fn()
  isFocused = vi.fn(() => false)
  isMinimized = vi.fn(() => false)
  restore = vi.fn()
  focus = vi.fn()
}

export class Notification extends EventEmitter {
  static readonly shown: Notification[] = []
  static isSupported = (): boolean => true
  readonly options: { readonly title: string; readonly body: string }
  constructor(options: { readonly title: string; readonly body: string }) {
    super()
    this.options = options
  }
  show(): void {
    Notification.shown.push(this)
  }
}

export const app = new FakeApp()
export const ipcMain = new FakeIpcMain()
export const protocol = new FakeProtocol()
export const dialog = { showOpenDialog: vi.fn(), showSaveDialog: vi.fn(), showMessageBox: vi.fn() }
export const shell = { openPath: vi.fn(), openExternal: vi.fn() }
export const powerSaveBlocker = { start: vi.fn(() => 7), stop: vi.fn() }

/** A page that loads when the test says so. */
class FakePage extends EventEmitter {
  postMessage = vi.fn()
  isCrashed = vi.fn(() => false)
}

export class BrowserWindow extends EventEmitter {
  static readonly opened: BrowserWindow[] = []
  readonly webContents = new FakePage()
  isDestroyed = vi.fn(() => false)
  destroy = vi.fn()
  /** Ends the load of the page: with an error, where one is given. */
  loaded: (error?: Error) => void = () => undefined
  constructor() {
    super()
    BrowserWindow.opened.push(this)
  }
  loadURL(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.loaded = (error) => {
        if (error === undefined) resolve()
        else reject(error)
      }
    })
  }
}
export class MessageChannelMain {
  readonly port1 = new EventEmitter()
  readonly port2 = new EventEmitter()
}
export const utilityProcess = { fork: vi.fn() }

export default { app, Notification, ipcMain, protocol, dialog, shell, powerSaveBlocker }
