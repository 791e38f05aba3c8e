import { EventEmitter } from 'node:events'
import type { App, Session } from 'electron'
import { describe, expect, it, vi } from 'vitest'
import { denyPermissions, forbidNavigation } from '../../src-main/shell/security'

describe('security of every page', () => {
  it('denies every permission, asked for or checked, but copying text', () => {
    const session = { setPermissionRequestHandler: vi.fn(), setPermissionCheckHandler: vi.fn() }
    denyPermissions(session as unknown as Session)
    const answer = vi.fn()
    const [onRequest] = session.setPermissionRequestHandler.mock.calls[0] as [(...values: unknown[]) => void]
    onRequest({}, 'media', answer)
    expect(answer).toHaveBeenLastCalledWith(false)
    onRequest({}, 'clipboard-sanitized-write', answer)
    expect(answer).toHaveBeenLastCalledWith(true)
    const [onCheck] = session.setPermissionCheckHandler.mock.calls[0] as [(...values: unknown[]) => boolean]
    expect(onCheck(null, 'clipboard-read')).toBe(false)
    expect(onCheck(null, 'clipboard-sanitized-write')).toBe(true)
  })

  it('stops navigation, redirects, webviews and new windows', () => {
    const app = new EventEmitter()
    forbidNavigation(app as unknown as App)
    let openHandler: (() => unknown) | undefined
    const contents = Object.assign(new EventEmitter(), {
      setWindowOpenHandler(handler: () => unknown) {
        openHandler = handler
      },
    })
    app.emit('web-contents-created', {}, contents)
    for (const name of ['will-navigate', 'will-redirect', 'will-attach-webview']) {
      const event = { preventDefault: vi.fn() }
      contents.emit(name, event)
      expect(event.preventDefault, name).toHaveBeenCalledOnce()
    }
    expect(openHandler?.()).toEqual({ action: 'deny' })
  })
})
