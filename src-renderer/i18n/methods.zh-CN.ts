import type { MethodGroup, MethodName } from '@contract/methods'

/** Names and one line of help for every method; the English ones stand in the contract. */
export const methodsZhCn: Readonly<Record<MethodName, { readonly title: string; readonly help: string }>> = {
  dynamic: { title: '动态剪枝', help: '每个调整间隔之后由服务器移动拓扑，剪除与生长准则可任意组合。' },
  static: { title: '静态剪枝', help: '第 0 轮之前随机抽取的掩码，此后不再改变。' },
  none: { title: '剪枝率为 0', help: '密集网络，使用 FedAvg；系数大于 0 时为 FedProx。' },
  'small-dense': { title: '小型密集模型', help: '更窄的密集网络，参数不多于稀疏网络。' },
}

export const methodGroupsZhCn: Readonly<Record<MethodGroup, string>> = {
  ablation: '消融实验的四组',
  'fixed-mask': '固定掩码',
  gradual: '逐步剪枝',
  'moving-mask': '移动掩码',
  federated: '联邦方法',
}
