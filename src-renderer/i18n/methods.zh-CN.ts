import type { MethodGroup, MethodName } from '@contract/methods'
import { movingMaskZhCn } from './moving-mask.zh-CN'

/** Names and one line of help for every method; the English ones stand in the contract. */
export const methodsZhCn: Readonly<Record<MethodName, { readonly title: string; readonly help: string }>> = {
  dynamic: { title: '动态剪枝', help: '每个调整间隔之后由服务器移动拓扑，剪除与生长准则可任意组合。' },
  static: { title: '静态剪枝', help: '第 0 轮之前随机抽取的掩码，此后不再改变。' },
  none: { title: '剪枝率为 0', help: '密集网络，使用 FedAvg；系数大于 0 时为 FedProx。' },
  snip: {
    title: 'SNIP',
    help: '在初始权重处保留全网络最大的 |w·g|。联邦映射：第 0 轮之前每个客户端发送一个批次的稠密梯度，服务器取其平均为 g，即在各批次并集上的 SNIP。偏置不参与排序，每层至少保留一个权重。',
  },
  grasp: {
    title: 'GraSP',
    help: '剪除 −w·Hg 最大的权重，以保持梯度流；logit 除以 200。联邦映射：第 0 轮之前每个客户端发送各类均衡的一个批次的梯度，服务器发回平均 g，客户端再发送其黑塞矩阵与 g 的乘积。Hg 为两个梯度的中心有限差分，步长短到几乎没有 ReLU 翻转，并非精确的二次反向传播。',
  },
  synflow: {
    title: 'SynFlow',
    help: '取绝对值的网络在全 1 输入下，按相等比率分多步（默认 100 步）保留突触流 |θ·∂R/∂θ| 最大者。不需要数据：由服务器以双精度从初始权重计算，不询问客户端。',
  },
  force: {
    title: 'FORCE',
    help: '按相等比率分步（默认 10 步）的 SNIP：梯度取自当前已剪枝的网络，被剪除的权重以初始值重新竞争，因此可以返回。联邦映射：第 0 轮之前的每一步，每个客户端发送新批次的稠密梯度。',
  },
  'iterative-snip': {
    title: '迭代 SNIP',
    help: '按相等比率分步（默认 10 步）的 SNIP：在当前已剪枝的网络上，只有剩余权重竞争。联邦映射：第 0 轮之前的每一步，每个客户端发送新批次中剩余权重的梯度。',
  },
  'magnitude-init': {
    title: '初始化幅值剪枝',
    help: '保留每层最大的初始权重。它们由随机种子决定，因此不询问客户端。',
  },
  'magnitude-one-shot': {
    title: '幅值剪枝（一次性）',
    help: '训练、剪枝、再训练：密集训练若干轮（默认总轮数的一半）之后，服务器一次性保留平均模型中最大的权重，客户端以较小的学习率继续训练。联邦映射：论文中的一次训练为若干通信轮。按名次而非阈值选取权重。',
  },
  'magnitude-iterative': {
    title: '幅值剪枝（迭代）',
    help: '同一次性剪枝，但密集训练（默认总轮数的四分之一）之后，服务器在每个调整间隔之后剪枝，直到拓扑冻结，每次剪除剩余权重的相同比例。自首次剪枝起学习率较小。',
  },
  lth: {
    title: '彩票假设（回退）',
    help: '由多次联邦训练组成，每次 ΔT 轮：每次之后服务器按幅值剪除剩余权重的一定比例（论文为 0.2），并使其余权重与偏置回到初始值或回退轮之后的值。最后一次训练持续到运行结束，只有其准确率属于该彩票。',
  },
  gmp: {
    title: '渐进幅值剪枝 (GMP)',
    help: '密集训练（默认总轮数的四分之一）之后，稀疏度按 S·(1 − (1 − t/T)³) 上升，到拓扑冻结时达到 S；服务器在每个调整间隔之后按幅值对平均模型剪枝。论文中的步在此为通信轮。被剪除者不再返回。',
  },
  ...movingMaskZhCn,
  fedprox: {
    title: 'FedProx',
    help: '密集网络；每个客户端的损失加上对所有参数的 μ/2·‖w − w_global‖²。μ = 0 即 FedAvg。系数大于 0 时其他方法同样使用该项。',
  },
  fedavgm: { title: 'FedAvgM', help: '密集网络；服务器对平均后的更新施加动量。' },
  feddst: {
    title: 'FedDST',
    help: '按论文：更新轮中每个客户端按幅值剪除，在不活跃权重中按梯度生长，再用新掩码训练余下轮次；服务器对每个权重在拥有者间平均，并使各层恢复原有数量。初始掩码随机。',
  },
  prunefl: {
    title: 'PruneFL',
    help: '没有目标密度。先由一个客户端剪枝；此后每个调整间隔由服务器保留单位时间内损失下降（梯度平方）最大的权重。时间取 FLOPs 份额，因此结果与机器无关；R 为每层可剪除的比例。第一阶段之后权重重新开始。',
  },
  ssfl: {
    title: 'SSFL',
    help: '第 0 轮之前每个客户端发送一次所有权重的显著度 |w·g|；服务器保留全网络最大者，掩码此后不变。',
  },
  'flash-spdst': {
    title: 'FLASH 固定掩码 (SPDST)',
    help: '少数客户端在第 0 轮之前稀疏训练并报告各层权重数；按平均密度随机抽取的掩码此后固定。',
  },
  'flash-jmwst': {
    title: 'FLASH 移动掩码 (JMWST)',
    help: '开始同固定掩码；更新轮中客户端在训练时移动掩码，服务器保留平均模型中最大的权重，各层数量取客户端平均。',
  },
  lotteryfl: {
    title: 'LotteryFL',
    help: '每个客户端一个掩码。掩码下的全局权重足够好时，客户端剪除一部分，回到初始权重再训练。以客户端自己的模型在自己的测试图像上评估，不可与全局模型的准确率比较。阈值在训练图像上测量。',
  },
  'fedsparsify-global': {
    title: 'FedSparsify 全局',
    help: '从密集开始；每个调整间隔之后服务器在全网络保留更少的最大权重。',
  },
  'fedsparsify-local': {
    title: 'FedSparsify 本地',
    help: '从密集开始；客户端训练后按计划剪枝。平均时被剪除的权重计为 0，故保留掩码的并集。',
  },
  'fedsparsify-majority': {
    title: 'FedSparsify 多数投票',
    help: '同本地变体，但只有本轮至少一半客户端保留的权重才会留下。',
  },
  fedtiny: {
    title: 'FedTiny 渐进',
    help: '每个更新轮一层，从分类层向前：客户端只发送该层不活跃权重中最大的梯度，服务器按幅值剪除并按其平均生长。按批归一化统计选择候选不适用：这些网络没有批归一化。',
  },
  'fedtiny-clean': {
    title: 'FedTiny 简化',
    help: '每个更新轮处理所有层，按客户端稠密梯度的平均在原本不活跃的权重中生长；不按批归一化统计选择。',
  },
  fedmef: {
    title: 'FedMef',
    help: '同 FedTiny 简化，但更新轮中客户端对即将剪除的权重加惩罚（预算感知挤出），使其信息转移到其他权重。不含节省设备内存的激活剪枝和学习率调整。',
  },
  fedsgc: {
    title: 'FedSGC',
    help: '同 FedDST，但部分剪除的权重取自与平均方向相悖者，部分生长的权重取自梯度与之一致者。服务器以每权重两比特发送方向。',
  },
  fedrts: {
    title: 'FedRTS',
    help: '掩码由汤普森采样得到：每个权重的 Beta 后验每轮根据其是否位于本层最大者而更新，更新轮中还根据客户端最大梯度的位置更新。',
  },
  sparsyfed: {
    title: 'SparsyFed',
    help: '从密集开始；客户端训练幂传播权重 v·|v|^(a − 1)，再保留全网络最大者。为 0 者保持为 0，因此客户端掩码趋于一致。不含节省反向 FLOPs 的激活剪枝。',
  },
  spafl: {
    title: 'SpaFL',
    help: '客户端训练各自的权重，以及每个滤波器或神经元的阈值；只传输阈值。没有全局模型：以客户端自己的模型在自己的测试图像上评估，不可与全局模型的准确率比较。',
  },
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
