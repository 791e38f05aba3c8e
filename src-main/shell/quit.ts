import { dialog } from 'electron'
import type { App, BrowserWindow } from 'electron'
import type { Words } from './words'

export interface QuitOptions {
  readonly app: App
  readonly window: BrowserWindow
  readonly isRunning: () => boolean
  readonly words: () => Words
  /** Stores what must be kept and stops the engine at its checkpoints. */
  readonly finish: () => Promise<void>
}

/** Asks nothing before quitting: for tests and for scripts. */
const unasked = process.env['ESPALIER_CONFIRM_QUIT'] === '0'

/**
 * Every way to quit (window, menu, signal) goes through here: a question while a run is going on, then an orderly end. The
 * window stays open until the engine has stopped, so a refusal costs nothing.
 */
export function quitInOrder({ app, window, isRunning, words, finish }: QuitOptions): void {
  let state: 'open' | 'asking' | 'finishing' | 'finished' = 'open'

  const quit = async (ask: boolean): Promise<void> => {
    if (state !== 'open') return
    if (ask && !unasked && isRunning()) {
      state = 'asking'
      const confirmed = await confirmQuit(window, words())
      state = 'open'
      if (!confirmed) return
    }
    state = 'finishing'
    try {
      await finish()
    } finally {
      state = 'finished'
      app.quit()
    }
  }

  window.on('close', (event) => {
    if (state === 'finished') return
    event.preventDefault()
    void quit(true)
  })
  app.on('before-quit', (event) => {
    if (state === 'finished') return
    event.preventDefault()
    void quit(true)
  })
  app.on('window-all-closed', () => {
    app.quit()
  })
  // Whoever sends a signal cannot answer a dialog.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    process.on(signal, () => {
      void quit(false)
    })
  }
}

async function confirmQuit(window: BrowserWindow, words: Words): Promise<boolean> {
  const { response } = await dialog.showMessageBox(window, {
    type: 'question',
    message: words.quitQuestion,
    detail: words.quitDetail,
    buttons: [words.quitCancel, words.quitConfirm],
    defaultId: 0,
    cancelId: 0,
    noLink: true,
  })
  return response === 1
}
