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
  ['Run {0}, which fetches it', '请运行 {0}，它会下载所需内容'],
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
  ['Node’s WebGPU does not work in Electron’s processes', 'Node 的 WebGPU 无法在 Electron 的进程中工作'],
  ['Use the command line, or the WebGPU of the window', '请使用命令行，或窗口的 WebGPU'],
  ['the npm package webgpu is not installed', 'npm 软件包 webgpu 未安装'],
  [
    'Dawn, the WebGPU of the npm package webgpu, cannot be loaded ({0})',
    'npm 软件包 webgpu 的 WebGPU 实现 Dawn 无法加载（{0}）',
  ],
  [
    'It needs Linux, macOS or Windows on x64 or arm64, and on Linux glibc 2.35 or newer',
    '它需要 x64 或 arm64 上的 Linux、macOS 或 Windows；Linux 需 glibc 2.35 或更新',
  ],
  ['WebGPU finds no card', 'WebGPU 未找到显卡'],
  [
    'A run is being executed; a measurement beside it would be wrong. Wait for it or pause it.',
    '正在执行运行；此时测量不准确。请等待或暂停它。',
  ],
]
