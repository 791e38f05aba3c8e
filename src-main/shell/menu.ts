import type { MenuItemConstructorOptions } from 'electron'
import type { Words } from './words'

/**
 * Template of the application menu: standard roles, in the user's language (Electron's own labels are English only). What
 * the application is, the window says itself.
 */
export function menuTemplate(
  words: Words,
  platform: NodeJS.Platform,
  showAbout: () => void,
): MenuItemConstructorOptions[] {
  const about: MenuItemConstructorOptions = { id: 'about', label: words.about, click: showAbout }
  const separator = { type: 'separator' } as const
  const isMac = platform === 'darwin'
  const macMenu: MenuItemConstructorOptions = {
    label: 'Espalier',
    submenu: [
      about,
      separator,
      { role: 'services', label: words.services },
      separator,
      { role: 'hide', label: words.hide },
      { role: 'hideOthers', label: words.hideOthers },
      { role: 'unhide', label: words.showAll },
      separator,
      { role: 'quit', label: words.quit },
    ],
  }
  const helpMenu: MenuItemConstructorOptions = { label: words.help, submenu: [about] }
  return [
    ...(isMac ? [macMenu] : []),
    {
      label: words.file,
      submenu: [isMac ? { role: 'close', label: words.close } : { role: 'quit', label: words.quit }],
    },
    {
      label: words.edit,
      submenu: [
        { role: 'undo', label: words.undo },
        { role: 'redo', label: words.redo },
        separator,
        { role: 'cut', label: words.cut },
        { role: 'copy', label: words.copy },
        { role: 'paste', label: words.paste },
        { role: 'selectAll', label: words.selectAll },
      ],
    },
    {
      label: words.view,
      submenu: [
        { role: 'resetZoom', label: words.actualSize },
        { role: 'zoomIn', label: words.zoomIn },
        { role: 'zoomOut', label: words.zoomOut },
        separator,
        { role: 'togglefullscreen', label: words.fullScreen },
        separator,
        { role: 'reload', label: words.reload },
        { role: 'toggleDevTools', label: words.developerTools },
      ],
    },
    {
      label: words.window,
      submenu: [
        { role: 'minimize', label: words.minimise },
        { role: 'close', label: words.close },
      ],
    },
    ...(isMac ? [] : [helpMenu]),
  ]
}
