import type { App, Session } from 'electron'

/** No page of the application may ask the system for anything. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, _permission, answer) => {
    answer(false)
  })
  session.setPermissionCheckHandler(() => false)
}

/** A window stays on its page: no navigation, no redirect, no webview, no second window. */
export function forbidNavigation(app: App): void {
  app.on('web-contents-created', (_, contents) => {
    for (const name of ['will-navigate', 'will-redirect', 'will-attach-webview'] as const) {
      // The overloads of `on` take one name each; the three listeners have a preventable event in common.
      contents.on(name as 'will-navigate', (event) => {
        event.preventDefault()
      })
    }
    contents.setWindowOpenHandler(() => ({ action: 'deny' }))
  })
}
