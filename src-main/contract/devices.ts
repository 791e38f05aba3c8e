import { z } from 'zod'

/**
 * What a run can train on. `auto` is whichever measured device is fastest; `cpu` the sparse trainer on the processor;
 * the others are TensorFlow.js: `cuda` an NVIDIA card (`cuda:1` the second one), `webgpu` a card of any make,
 * `tensorflow-cpu` the library of `cuda` without a card, `tfjs-cpu` a slow referee in plain JavaScript.
 */
export const deviceNames = ['auto', 'cpu', 'cuda', 'webgpu', 'tensorflow-cpu', 'tfjs-cpu'] as const
const oneCard = z.templateLiteral(['cuda:', z.string().regex(/^\d{1,2}$/)])
export const deviceChoiceSchema = z.union([z.enum(deviceNames), oneCard])
/** What a run trains on in the end: what `auto` is replaced by. */
export const deviceSchema = z.union([z.enum(deviceNames).exclude(['auto']), oneCard])
export type DeviceChoice = z.output<typeof deviceChoiceSchema>
export type Device = z.output<typeof deviceSchema>
export type DeviceKind = Exclude<(typeof deviceNames)[number], 'auto'>

/** The kind of a device: `cuda:1` is `cuda`. */
export function deviceKind(device: Device): DeviceKind {
  return device.startsWith('cuda') ? 'cuda' : (device as DeviceKind)
}

/**
 * What a device promises: the same bits on every machine, or agreement within a tolerance, because the order of its sums
 * is its own.
 */
export const promises = ['bits', 'tolerance'] as const
export type Promised = (typeof promises)[number]

export function promiseOf(device: Device): Promised {
  return device === 'cpu' ? 'bits' : 'tolerance'
}

/** Why a device cannot be used. */
export type MissingReason =
  /** Its software comes on demand and has not been set up. */
  | 'not-set-up'
  /** There is no such card, or its driver does not answer. */
  | 'no-card'
  /** It cannot exist on this platform. */
  | 'unsupported'
  /** Its software is there and fails. */
  | 'failed'

/** Training speed of FedDST's CIFAR-10 network in batches of 32. */
export interface DeviceSpeed {
  readonly sparsity: number
  readonly imagesPerSecond: number
}

interface DeviceBasis {
  readonly device: Device
  readonly promise: Promised
}

export interface PresentDevice extends DeviceBasis {
  readonly state: 'present'
  /** The processor or card. */
  readonly hardware: string
  /** What drives it, by name: "tensorflow" → "2.16.1". */
  readonly versions: Readonly<Record<string, string>>
  /** Bytes that were free when it was looked at; null where the device does not tell. */
  readonly freeBytes: number | null
  /** Computes in software what a card would: for tests. */
  readonly isEmulated: boolean
  /** One entry per measured sparsity, in rising order; null while it has not been measured. */
  readonly speed: readonly DeviceSpeed[] | null
}

/** Whether measuring it takes longer than anyone waits unasked: a card in software, and the referee. */
export function isSlow({ device, isEmulated }: PresentDevice): boolean {
  return isEmulated || device === 'tfjs-cpu'
}

/** Seconds per image on the line through the measured sparsities; the same at every sparsity where one was measured. */
function secondsPerImage(speed: readonly DeviceSpeed[], sparsity: number): number {
  const [first, last] = [speed.at(0), speed.at(-1)]
  if (first === undefined || last === undefined) return Number.POSITIVE_INFINITY
  const seconds = (point: DeviceSpeed) => 1 / point.imagesPerSecond
  if (first === last) return seconds(first)
  const share = (sparsity - first.sparsity) / (last.sparsity - first.sparsity)
  return Math.max(seconds(first) + share * (seconds(last) - seconds(first)), Number.MIN_VALUE)
}

/**
 * The devices that have been measured, the fastest at a sparsity first: the order in which `auto` tries them.
 *
 * @param devices with their speeds; null where one has not been measured
 */
export function fastestFirst(devices: readonly Pick<PresentDevice, 'device' | 'speed'>[], sparsity: number): Device[] {
  return devices
    .map(({ device, speed }) => ({ device, seconds: secondsPerImage(speed ?? [], sparsity) }))
    .filter(({ seconds }) => seconds < Number.POSITIVE_INFINITY)
    .sort((one, other) => one.seconds - other.seconds)
    .map(({ device }) => device)
}

export interface MissingDevice extends DeviceBasis {
  readonly state: 'missing'
  readonly reason: MissingReason
  /** The same in an English sentence, with what was found. */
  readonly problem: string
  /** What to do, in an English sentence. */
  readonly remedy: string
}

export type DeviceReport = PresentDevice | MissingDevice

/** Whether `auto` may take it: it is here, and no card in software. */
export function isForAutomatic(report: DeviceReport): report is PresentDevice {
  return report.state === 'present' && !report.isEmulated
}
