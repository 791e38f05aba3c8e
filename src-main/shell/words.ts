/** The few words that the main process shows itself: menu and dialogs. The window has its own translations. */
const english = {
  file: 'File',
  edit: 'Edit',
  view: 'View',
  window: 'Window',
  help: 'Help',
  about: 'About Espalier',
  services: 'Services',
  hide: 'Hide Espalier',
  hideOthers: 'Hide Others',
  showAll: 'Show All',
  quit: 'Quit Espalier',
  close: 'Close Window',
  undo: 'Undo',
  redo: 'Redo',
  cut: 'Cut',
  copy: 'Copy',
  paste: 'Paste',
  selectAll: 'Select All',
  reload: 'Reload Page',
  developerTools: 'Developer Tools',
  actualSize: 'Actual Size',
  zoomIn: 'Zoom In',
  zoomOut: 'Zoom Out',
  fullScreen: 'Full Screen',
  minimise: 'Minimise',
  importDataset: 'Folder with the official data set files',
  locateSession: 'Session folder',
  quitQuestion: 'A run is going on. Quit Espalier?',
  quitDetail: 'It stops at its last checkpoint and can be resumed from there.',
  quitConfirm: 'Quit',
  quitCancel: 'Keep Running',
}

export type Words = Readonly<Record<keyof typeof english, string>>

const chinese: Words = {
  file: '文件',
  edit: '编辑',
  view: '视图',
  window: '窗口',
  help: '帮助',
  about: '关于 Espalier',
  services: '服务',
  hide: '隐藏 Espalier',
  hideOthers: '隐藏其他',
  showAll: '全部显示',
  quit: '退出 Espalier',
  close: '关闭窗口',
  undo: '撤销',
  redo: '重做',
  cut: '剪切',
  copy: '复制',
  paste: '粘贴',
  selectAll: '全选',
  reload: '重新加载页面',
  developerTools: '开发者工具',
  actualSize: '实际大小',
  zoomIn: '放大',
  zoomOut: '缩小',
  fullScreen: '全屏',
  minimise: '最小化',
  importDataset: '存放官方数据集文件的文件夹',
  locateSession: '会话文件夹',
  quitQuestion: '有实验正在运行。要退出 Espalier 吗？',
  quitDetail: '实验会停在最近的检查点，之后可以从那里继续。',
  quitConfirm: '退出',
  quitCancel: '继续运行',
}

/**
 * @param locale a preference, or a language tag of the system such as "zh-Hans-CN"
 */
export function wordsFor(locale: string): Words {
  return locale.toLowerCase().startsWith('zh') ? chinese : english
}
