import type { Messages } from './en'

export const exportsZhCn: Messages['exports'] = {
  title: '导出',
  open: '导出图、表格或报告…',
  what: '内容',
  format: '格式',
  save: '保存…',
  nothing: '还没有可导出的内容：请打开一个会话，或前往带图的页面。',
  help: '图均带图例。矢量格式（SVG、PDF）适合论文；数据为整洁格式，每行一个观测。',
  armsTable: '各方法的表格',
  report: '会话报告（单个文件）',
  saveReport: '保存会话报告…',
  menuOf: (title) => `保存或复制“${title}”`,
  copyData: '复制数据',
  saveAs: (format) => `保存为 ${format}…`,
  formats: {
    svg: 'SVG',
    pdf: 'PDF',
    png: 'PNG（2 倍）',
    csv: 'CSV（数据）',
    md: 'Markdown',
    latex: 'LaTeX（booktabs）',
    html: 'HTML',
  },
}
