/** Names and one line of help for methods with one moving mask. */
export const movingMaskZhCn = {
  set: {
    title: 'SET',
    help: '每 ΔT 轮之后（最后一轮除外），服务器在每层剪除幅值最小的 R 份并随机生长同样多；R 不衰减。刚剪除的权重可立即再生长。论文取 R = 0.3、ER 分布。',
  },
  'set-two-sided': {
    title: 'SET 双侧',
    help: '同 SET，但按其代码的规则：正权重与负权重各剪除最接近 0 的同样比例。',
  },
  rigl: {
    title: 'RigL',
    help: '服务器按幅值剪除，并在客户端梯度（训练后模型的一个批次）的平均最大处生长；客户端在更新轮中发送该稠密梯度。刚剪除的权重可立即再生长并保留其值。更新在一轮之后进行，而不取代某一步。',
  },
  'set-itop': {
    title: 'SET-ITOP',
    help: '其作者研究探索时所用的 SET：R 在全部轮次中按余弦降至 0.005；ΔT 应长到使新权重能够变大，轮次应多到使 R_s（曾活跃权重的比例）较高。论文取 R = 0.5、ERK。',
  },
  'rigl-itop': {
    title: 'RigL-ITOP',
    help: '同 SET-ITOP，但在客户端一个批次梯度的平均最大处生长；客户端在更新轮中发送它。它尝试的权重少于随机生长，故 ΔT 应更长。',
  },
} as const
