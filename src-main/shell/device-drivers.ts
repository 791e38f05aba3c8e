import { BrowserWindow, MessageChannelMain, utilityProcess } from 'electron'
import type { MessagePortMain } from 'electron'
import type { Readable } from 'node:stream'
import { deviceKind, type Device } from '../contract/devices'
import { messageOf } from '../contract/errors'
import { devicePortName } from '../host/devices/device-protocol'
import { LastWords } from '../host/devices/last-words'
import type { DeviceNews, DeviceWish } from '../host/devices/shell-devices'
import { deviceWindowOptions } from './window-options'

/** What drives one device. */
export interface DeviceDriver {
  /** The engine's end of the channel to it. */
  readonly port: MessagePortMain
  /** Ends it, in the middle of its work too. */
  end(): void
}

export interface DriverFiles {
  /** Absolute paths of the built scripts. */
  readonly process: string
  readonly preload: string
  /** Address of the page that drives a card. */
  readonly page: string
}

/** Starts what drives a device; `onEnd` is called once, with the reason in words, when it ends. */
export type StartDriver = (device: Device, onEnd: (reason: string) => void) => DeviceDriver

/**
 * Starts drivers of devices: WebGPU in a hidden window, because Chromium provides it there, and everything else in a process
 * of its own, which a crash does not leave.
 */
export function startDriver(files: DriverFiles): StartDriver {
  return (device, onEnd) =>
    deviceKind(device) === 'webgpu' ? driveInWindow(files, onEnd) : driveInProcess(files, device, onEnd)
}

/** Seen: at most one. */
const reasonMilliseconds = 100

function driveInWindow({ page, preload }: DriverFiles, onEnd: (reason: string) => void): DeviceDriver {
  const { port1, port2 } = new MessageChannelMain()
  const window = new BrowserWindow(deviceWindowOptions(preload))
  window.webContents.once('did-finish-load', () => {
    window.webContents.postMessage(devicePortName, null, [port2])
  })
  window.webContents.once('render-process-gone', (_, { reason }) => {
    onEnd(`its window ended (${reason})`)
  })
  window.loadURL(page).catch((error: unknown) => {
    // Where the window's process ends while the page loads, the load fails first and the reason is told right after it.
    setTimeout(() => {
      if (window.isDestroyed() || window.webContents.isCrashed()) return
      onEnd(`its page cannot be shown (${messageOf(error)})`)
    }, reasonMilliseconds)
  })
  return {
    port: port1,
    end: () => {
      window.destroy()
    },
  }
}

function driveInProcess(
  { process: script }: DriverFiles,
  device: Device,
  onEnd: (reason: string) => void,
): DeviceDriver {
  const { port1, port2 } = new MessageChannelMain()
  const child = utilityProcess.fork(script, [device], {
    serviceName: `Espalier ${device}`,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const lastWords = new LastWords(child.stderr as Readable | null)
  child.once('exit', (code) => {
    const ending = `${code}${lastWords.toString()}`
    onEnd(`its process ended with exit code ${ending}`)
  })
  // A fatal error of V8; the exit follows. Without a listener it would end this process too.
  child.on('error', (kind, location) => {
    lastWords.add(`${kind} at ${location}`)
  })
  child.postMessage(null, [port2])
  return {
    port: port1,
    end: () => {
      child.kill()
    },
  }
}

/** The devices that are driven for one engine process. */
export class DeviceDrivers {
  readonly #drivers = new Map<number, DeviceDriver>()

  /** @param tell sends news to the engine, with the ports that go with it */
  constructor(
    private readonly start: StartDriver,
    private readonly tell: (news: DeviceNews, ports: MessagePortMain[]) => void,
  ) {}

  /** Does what the engine wishes. */
  receive(wish: DeviceWish): void {
    const { id } = wish
    if (wish.type === 'device-released') {
      this.#end(id)
      return
    }
    try {
      const driver = this.start(wish.device, (reason) => {
        // What was ended on purpose is not listed any more.
        if (!this.#drivers.has(id)) return
        this.#end(id)
        this.tell({ type: 'device-ended', id, reason }, [])
      })
      this.#drivers.set(id, driver)
      this.tell({ type: 'device-offered', id, missing: null }, [driver.port])
    } catch (error) {
      const problem = `what drives it cannot be started (${messageOf(error)})`
      const missing = { reason: 'failed', problem, remedy: 'Start Espalier again' } as const
      this.tell({ type: 'device-offered', id, missing }, [])
    }
  }

  endAll(): void {
    for (const id of this.#drivers.keys()) this.#end(id)
  }

  #end(id: number): void {
    const driver = this.#drivers.get(id)
    this.#drivers.delete(id)
    driver?.end()
  }
}
