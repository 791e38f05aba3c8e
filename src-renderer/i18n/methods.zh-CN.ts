import type { MethodGroup, MethodName } from '@contract/methods'

/** Names and one line of help for every method; the English ones stand in the contract. */
export const methodsZhCn: Readonly<Record<MethodName, { readonly title: string; readonly help: string }>> = {
  dynamic: { title: '动态剪枝', help: '每个调整间隔之后由服务器移动拓扑，剪除与生长准则可任意组合。' },
  static: { title: '静态剪枝', help: '第 0 轮之前随机抽取的掩码，此后不再改变。' },
  none: { title: '剪枝率为 0', help: '密集网络，使用 FedAvg；系数大于 0 时为 FedProx。' },
  'small-dense': { title: '小型密集模型', help: '更窄的密集网络，参数不多于稀疏网络。' },
  'feddst-official': {
    title: 'FedDST（发布的代码）',
    help: '按其发布的代码执行，含其特性：客户端用未衰减的比例移动拓扑，生长时在所有位置中排序，批次不打乱，网络以 softmax 结尾。',
  },
  'seed-code': {
    title: '论文代码（服务器端 SET）',
    help: '按论文所附代码执行：服务器按余弦衰减的比例剪除幅值最小的权重并随机生长；初始掩码取幅值最大的初始权重。',
  },
}

export const methodGroupsZhCn: Readonly<Record<MethodGroup, string>> = {
  ablation: '消融实验的四组',
  'fixed-mask': '固定掩码',
  gradual: '逐步剪枝',
  'moving-mask': '移动掩码',
  federated: '联邦方法',
}
