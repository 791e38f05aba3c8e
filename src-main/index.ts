import { join, resolve } from 'node:path'
import { app, Menu, nativeTheme, session, utilityProcess } from 'electron'
import type { Preferences } from './contract/commands'
import type { EspalierEvent } from './contract/events'
import { Activity } from './shell/activity'
import { Arrivals, sessionPaths } from './shell/arrivals'
import { applicationUrl, registerApplicationScheme, serveApplication } from './shell/application-protocol'
import { eventChannel } from './shell/channels'
import { startDriver } from './shell/device-drivers'
import { EngineClient } from './shell/engine-client'
import { openDoor } from './shell/ipc'
import { localCommands } from './shell/local-commands'
import { createMainWindow, isMainFrame, rememberWindow, windowStateOf } from './shell/main-window'
import { menuTemplate } from './shell/menu'
import { openPreferences } from './shell/preferences'
import { quitInOrder } from './shell/quit'
import { denyPermissions, forbidNavigation } from './shell/security'
import { wordsFor } from './shell/words'
import type { Words } from './shell/words'

const out = join(import.meta.dirname, '..')
const files = { preload: join(out, 'preload/index.cjs'), icon: join(out, '../resources/icons/espalier.png') }
const driverFiles = { process: join(out, 'main/device-process.js'), preload: join(out, 'preload/device.cjs') }
// Set by `npm run dev`; a built application never loads a page from elsewhere.
const developmentUrl = app.isPackaged ? undefined : process.env['ELECTRON_RENDERER_URL']
const pageUrl = developmentUrl ?? applicationUrl

// Whoever moves the sessions moves the desktop's own small files with them.
const home = process.env['ESPALIER_HOME'] ?? ''
if (home !== '') app.setPath('userData', resolve(home, 'desktop'))

// macOS asks to open files before the application is ready.
let openFiles = (paths: readonly string[]): void => {
  early.push(...paths)
}
const early = sessionPaths(process.argv.slice(1), process.cwd())
app.on('open-file', (event, path) => {
  event.preventDefault()
  openFiles([path])
})

// On Linux Chromium keeps WebGPU from pages by default; these are all our own.
if (process.platform === 'linux') app.commandLine.appendSwitch('enable-unsafe-webgpu')

if (app.requestSingleInstanceLock()) {
  registerApplicationScheme()
  forbidNavigation(app)
  // Not awaited at the top level: Electron becomes ready only after this module has been evaluated.
  app.whenReady().then(start, fail)
} else {
  console.log('Espalier is already open.')
  app.quit()
}

function start(): void {
  denyPermissions(session.defaultSession)
  serveApplication(join(out, 'renderer'))

  const preferences = openPreferences(app.getPath('userData'))
  const words = (): Words => {
    const { locale } = preferences.get()
    return wordsFor(locale === 'system' ? app.getLocale() : locale)
  }
  const apply = (): void => {
    nativeTheme.themeSource = preferences.get().theme
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(words(), process.platform, showAbout)))
  }
  apply()

  const window = createMainWindow(files, preferences.windowState(), () => {
    // The start script takes this as the sign that a window can open on this machine.
    process.send?.('window-open')
  })
  rememberWindow(window, (state) => {
    preferences.setWindowState(state)
  })
  const activity = new Activity(window, words, () => preferences.get().notifications)
  const onEvent = (event: EspalierEvent): void => {
    if (window.isDestroyed()) return
    activity.follow(event)
    window.webContents.send(eventChannel, event)
  }
  function showAbout(): void {
    onEvent({ type: 'about.asked' })
  }
  const engine = new EngineClient({
    fork: () => utilityProcess.fork(join(out, 'main/engine-process.js'), [], { serviceName: 'Espalier Engine' }),
    startDriver: startDriver({ ...driverFiles, page: new URL('device.html', pageUrl).href }),
    onEvent,
    onReady: sendWorkers,
  })
  function sendWorkers(): void {
    void engine.request('host.setWorkers', { workers: preferences.get().workers })
  }
  let { workers } = preferences.get()
  const onPreferences = (changed: Preferences): void => {
    apply()
    if (changed.workers !== workers) sendWorkers()
    workers = changed.workers
  }

  const arrivals = new Arrivals(() => {
    onEvent({ type: 'sessions.arrival' })
  })
  arrivals.add(early)
  openFiles = (paths) => {
    arrivals.add(paths)
  }

  openDoor({
    isOurs: (frame) => isMainFrame(window, frame, pageUrl),
    local: localCommands({
      window,
      engine,
      isRunning: () => activity.running,
      preferences,
      onPreferences,
      words,
      arrivals,
    }),
    forward: (command, input) => engine.request(command, input),
  })
  quitInOrder({
    app,
    window,
    words,
    isRunning: () => activity.running,
    finish: async () => {
      preferences.setWindowState(windowStateOf(window))
      await engine.shutdown()
    },
  })
  app.on('second-instance', (_, commandLine, folder) => {
    openFiles(sessionPaths(commandLine.slice(1), folder))
    if (window.isMinimized()) window.restore()
    window.focus()
  })

  engine.start()
  window.loadURL(pageUrl).catch(fail)
}

function fail(error: unknown): void {
  console.error(error)
  app.exit(1)
}
