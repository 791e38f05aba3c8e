import { contextBridge, ipcRenderer, webUtils } from 'electron'
import type { EspalierBridge } from '../contract/bridge'
import type { CommandReply } from '../contract/commands'
import type { EspalierEvent } from '../contract/events'
import { eventChannel, invokeChannel } from './channels'

// The window gets three verbs and never ipcRenderer itself.
const bridge: EspalierBridge = {
  invoke: (command, input) => ipcRenderer.invoke(invokeChannel, command, input) as Promise<CommandReply>,
  pathOf: (file) => webUtils.getPathForFile(file),
  onEvent(listener) {
    const forward = (_: unknown, event: EspalierEvent): void => {
      listener(event)
    }
    ipcRenderer.on(eventChannel, forward)
    return () => {
      ipcRenderer.off(eventChannel, forward)
    }
  },
}

contextBridge.exposeInMainWorld('espalier', bridge)
