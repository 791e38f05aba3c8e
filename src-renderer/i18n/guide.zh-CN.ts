import type { guideEn } from './guide.en'

export const guideZhCN: typeof guideEn = {
  tour: '导览',
  takeTour: '开始导览',
  notNow: '以后再说',
  welcome: '初次使用？',
  welcomeText:
    '导览会打开一个示例会话（在 MNIST 上训练稀疏网络的四种方法），用两分钟说明一个问题如何变成一张表和一幅图。',
  openExample: '打开示例会话',
  step: (step, steps) => `${step} / ${steps}`,
  back: '上一步',
  next: '下一步',
  end: '结束导览',
  done: '完成',
  steps: {
    question: {
      title: '从问题开始',
      text: '可移动的拓扑是否优于固定的拓扑？ΔT 取多少，R 取多少？模板会填好表单；每个字段都可以修改、扫描和撤销。',
    },
    preview: {
      title: '先看再运行',
      text: '哪个客户端得到哪些图像、每层多密、R 如何衰减、多少权重会被尝试，以及全部的时间、上传、FLOPs、磁盘和内存开销。',
    },
    launch: { title: '运行', text: '四种方法使用相同的种子、图像和初始权重，因此其差异是配对的。' },
    runs: {
      title: '观察、暂停、继续',
      text: '曲线实时增长。队列可以排序、暂停和继续；暂停、崩溃或重启之后，运行从最后一轮继续，结果逐位相同。',
    },
    compare: {
      title: '读出答案',
      text: '各种子的均值与标准差、带区间的配对差异，以及随轮次、兆字节或 FLOPs 变化的曲线；可导出用于论文。',
    },
    masks: {
      title: '看看内部',
      text: '每次更新的每个掩码：逐层显示保留、剪除、生长和再生的权重。可以播放，也可以并排显示另一个运行。',
    },
    invariants: {
      title: '值得信任',
      text: '密度精确到一个权重，新生权重为零，偏置不受影响：每次更新都会检查。若被破坏，这里会显示红色。',
    },
    sessions: {
      title: '保存与发送',
      text: '会话就是一个文件夹，可以加标签、搜索、校验，也可以作为一个文件发送；命令行同样可以运行。',
    },
    keys: { title: '全部可用键盘', text: '按 ? 查看快捷键，按 Ctrl+K（⌘K）查找所有操作，也包括本导览。' },
  },
  textSize: '文字大小',
  notifications: '所有运行结束时通知我',
  notificationsHelp: '窗口不在最前时，通过系统通知。',
  choose: '选择…',
  useDefault: '使用默认值',
  chooseFolder: (folder) => `选择…：${folder}`,
  defaultFolder: (folder) => `使用默认值：${folder}`,
  folders: '文件夹',
  foldersHelp: '当前文件夹中的会话和数据会留在原处。命令行使用相同的文件夹。',
  foldersBusy: '没有运行正在进行时才能更改文件夹。',
}
