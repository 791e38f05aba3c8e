import type { App, Session } from 'electron'

/** Copying a table is the one thing that the page may ask of the system. */
const allowedPermission = 'clipboard-sanitized-write'

/** Denies every permission, asked for or checked, but that of writing text to the clipboard. */
export function denyPermissions(session: Session): void {
  session.setPermissionRequestHandler((_contents, permission, answer) => {
    answer(permission === allowedPermission)
  })
  session.setPermissionCheckHandler((_contents, permission) => (permission as string) === allowedPermission)
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
