import { BrowserWindow, nativeTheme, screen } from 'electron'
import type { WebFrameMain } from 'electron'
import { applicationUrl } from './application-protocol'
import type { WindowState } from './preferences'
import { windowOptions, type WindowFiles } from './window-options'

/** A page that keeps dying is not loaded again and again. */
const reloadsAllowed = 2
/** The window has come to rest. */
const pauseMilliseconds = 500

/** Opens the window where it was last, hidden until its page has been painted once. */
export function createMainWindow(files: WindowFiles, state: WindowState, onShown: () => void): BrowserWindow {
  const window = new BrowserWindow(windowOptions(files, onScreen(state), nativeTheme.shouldUseDarkColors))
  if (state.maximised) window.maximize()
  window.once('ready-to-show', () => {
    window.show()
    onShown()
  })
  let reloads = 0
  window.webContents.on('render-process-gone', (_, details) => {
    console.error(`the page ended unexpectedly: ${details.reason}`)
    if (details.reason !== 'clean-exit' && reloads++ < reloadsAllowed) window.reload()
  })
  return window
}

/** Whether a frame is the window's main frame and shows the application's page. */
export function isMainFrame(window: BrowserWindow, frame: WebFrameMain, pageUrl = applicationUrl): boolean {
  if (window.isDestroyed() || frame !== window.webContents.mainFrame || !URL.canParse(frame.url)) return false
  const [asked, own] = [new URL(frame.url), new URL(pageUrl)]
  return asked.protocol === own.protocol && asked.host === own.host
}

/** Bounds to be restored at the next start. */
export function windowStateOf(window: BrowserWindow): WindowState {
  return { bounds: window.getNormalBounds(), maximised: window.isMaximized() }
}

/** Remembers where the window is a moment after it was moved, so that a crash does not lose it. */
export function rememberWindow(window: BrowserWindow, remember: (state: WindowState) => void): void {
  let timer: NodeJS.Timeout | undefined
  const soon = () => {
    clearTimeout(timer)
    timer = setTimeout(() => {
      if (!window.isDestroyed() && !window.isMinimized()) remember(windowStateOf(window))
    }, pauseMilliseconds)
  }
  // The events have names of their own in the types, and a listener in common.
  for (const name of ['resize', 'move', 'maximize', 'unmaximize'] as const) window.on(name as 'resize', soon)
}

/** Forgets a position that lies on no display any more. */
function onScreen(state: WindowState): WindowState {
  const { x, y, width, height } = state.bounds
  if (x === undefined || y === undefined) return state
  const visible = screen.getAllDisplays().some(({ workArea }) => {
    const overlapX = Math.min(x + width, workArea.x + workArea.width) - Math.max(x, workArea.x)
    const overlapY = Math.min(y + height, workArea.y + workArea.height) - Math.max(y, workArea.y)
    return overlapX >= 100 && overlapY >= 100
  })
  return visible ? state : { ...state, bounds: { width, height } }
}
