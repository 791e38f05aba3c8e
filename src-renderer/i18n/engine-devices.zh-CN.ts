import type { SentenceCatalogue } from './said'

/** What the engine says of devices. */
export const engineDevicesZhCN: SentenceCatalogue = [
  [
    'Everything up to the last round is kept: resume the run, there or on another device (--device cpu).',
    '直到上一轮的内容都已保留：可在该设备或其他设备（--device cpu）上继续运行。',
  ],
  [
    'The device {0} is out of memory. Train fewer clients at once (--clients-at-once) or smaller batches (--batch-size). {1} ({2})',
    '设备 {0} 内存不足。请减少同时训练的客户端（--clients-at-once）或减小批量（--batch-size）。{1}（{2}）',
  ],
  [
    'The device {0} failed: {1}. Everything up to the last round is kept: resume the run, there or on another device (--device cpu).',
    '设备 {0} 出错：{1}。直到上一轮的内容都已保留：可在该设备或其他设备（--device cpu）上继续运行。',
  ],
  [
    'The device {0} was lost: {1}. Everything up to the last round is kept: resume the run, there or on another device (--device cpu).',
    '设备 {0} 已丢失：{1}。直到上一轮的内容都已保留：可在该设备或其他设备（--device cpu）上继续运行。',
  ],
  ['The device {0} cannot be used: {1}. {2}.', '设备 {0} 无法使用：{1}。{2}。'],
  [
    'device: one client of {0} with batches of {1} needs {2} MiB and the device has {3} MiB {4}; allowed: a smaller batchSize or device cpu',
    '设备：{0} 的一个客户端在批量为 {1} 时需要 {2} MiB，而设备为 {3} MiB（{4}）；请减小批量或改用 cpu',
  ],
  ['free', '空闲'],
  ['for the largest', '单个张量上限'],
  ['the npm package {0} is not installed', 'npm 软件包 {0} 未安装'],
  ['Install the optional packages (npm install) and try again', '请安装可选软件包（npm install）后重试'],
  ['the native part of {0} has not been set up', '{0} 的原生部分尚未安装'],
  ['CUDA does not exist on macOS', 'macOS 上没有 CUDA'],
  ['Use webgpu, which drives the card of this computer', '请使用 webgpu，它可驱动本机的显卡'],
  ['there is no NVIDIA driver (nvidia-smi is not found)', '没有 NVIDIA 驱动（找不到 nvidia-smi）'],
  ['nvidia-smi finds no card', 'nvidia-smi 未找到显卡'],
  [
    'Install the driver of your NVIDIA card; for cards of other makes use webgpu',
    '请安装 NVIDIA 显卡的驱动；其他品牌的显卡请使用 webgpu',
  ],
  ['the last of the NVIDIA cards here is cuda:{0}', '本机最后一块 NVIDIA 显卡是 cuda:{0}'],
  ['Use one of those', '请使用其中之一'],
  ['TensorFlow {0} cannot use the card {1}', 'TensorFlow {0} 无法使用显卡 {1}'],
  [
    'It needs the CUDA and cuDNN libraries of its version in the library path; README.md says which',
    '它需要库路径中有与其版本对应的 CUDA 和 cuDNN 库；README.md 中有说明',
  ],
  ['the npm package webgpu is not installed', 'npm 软件包 webgpu 未安装'],
  [
    'Dawn, the WebGPU of the npm package webgpu, cannot be loaded ({0})',
    'npm 软件包 webgpu 的 WebGPU 实现 Dawn 无法加载（{0}）',
  ],
  [
    'It needs Linux, macOS or Windows on x64 or arm64, and on Linux glibc 2.35 or newer',
    '它需要 x64 或 arm64 上的 Linux、macOS 或 Windows；Linux 需 glibc 2.35 或更新',
  ],
  [
    'A run is being executed; a measurement beside it would be wrong. Wait for it or pause it.',
    '正在执行运行；此时测量不准确。请等待或暂停它。',
  ],
  ['has a tensor of', '含有一个张量，大小为'],
  [
    'it has been silent for {0} seconds, much longer than its work takes, and was ended',
    '它已 {0} 秒没有应答，远超其工作所需时间，已被结束',
  ],
  ['its window ended ({0})', '其窗口已结束（{0}）'],
  ['its page cannot be shown ({0})', '其页面无法显示（{0}）'],
  ['its process ended with exit code {0}', '其进程已结束，退出代码 {0}'],
  ['its driver gave no reason', '驱动程序未说明原因'],
  ['what drives it cannot be started ({0})', '其驱动进程无法启动（{0}）'],
  ['Start Espalier again', '请重新启动 Espalier'],
  ['WebGPU ({0} {1}) finds no card', 'WebGPU（{0} {1}）找不到显卡'],
  ['the card {0} cannot be opened through WebGPU ({1} {2})', '无法通过 WebGPU（{1} {2}）打开显卡 {0}'],
  ['Chromium {0} has no WebGPU here', 'Chromium {0} 在此处没有 WebGPU'],
  [
    'Use the WebGPU of the command line: npx espalier run --device webgpu',
    '请使用命令行的 WebGPU：npx espalier run --device webgpu',
  ],
  [
    'Install the Vulkan driver of your card and the Vulkan loader (libvulkan1), then start with: npm start -- --enable-features=Vulkan',
    '请安装显卡的 Vulkan 驱动程序和 Vulkan 加载器（libvulkan1），然后以此启动：npm start -- --enable-features=Vulkan',
  ],
  ['Install the current driver of your card', '请安装显卡的最新驱动程序'],
  [
    'In a checkout of Espalier run {0}, which sets it up for this user',
    '请在 Espalier 的源码目录中运行 {0}，它会为当前用户安装',
  ],
  ['{0} cannot be loaded ({1})', '无法加载 {0}（{1}）'],
  ['Set it up anew: {0}{1} --force', '请重新安装：{0}{1} --force'],
  ['Use another device', '请使用其他设备'],
]
