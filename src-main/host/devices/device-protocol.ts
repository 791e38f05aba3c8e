import type { ErrorKind } from '../../contract/commands'
import type { Device, MissingDevice } from '../../contract/devices'
import type { ModelPlan } from '../../engine/models/plan'
import type { ClientTask, MaskedModel } from '../../engine/trainer/trainer'
import type { PoolImages } from '../thread-protocol'

/**
 * What the engine says to whatever drives a device: a process of its own, or a hidden window. Arrays are copied on the way,
 * so images go once, when a run is opened. Every request but `stop` is answered once.
 */
export type DeviceRequest =
  | { readonly type: 'describe'; readonly id: number }
  | { readonly type: 'open'; readonly id: number; readonly setting: DeviceSetting }
  | { readonly type: 'train'; readonly id: number; readonly tasks: readonly RemoteTask[] }
  | ({ readonly type: 'evaluate' | 'gradient'; readonly id: number } & RemoteBatch)
  | { readonly type: 'count-tensors'; readonly id: number }
  /** Nobody waits for the answer to that request any more. */
  | { readonly type: 'stop'; readonly id: number }

export type DeviceReply =
  | { readonly type: 'done'; readonly id: number; readonly value: unknown }
  | { readonly type: 'failed'; readonly id: number; readonly kind: ErrorKind; readonly message: string }
  /** There is no such device here. */
  | { readonly type: 'missing'; readonly id: number; readonly why: WhyMissing }
  /** Clients of a `train` that are done. */
  | { readonly type: 'progress'; readonly id: number; readonly done: number }
  /** The device will answer nothing any more. */
  | { readonly type: 'lost'; readonly message: string }

export type WhyMissing = Pick<MissingDevice, 'reason' | 'problem' | 'remedy'>

/** A run as a device needs to know it. */
export interface DeviceSetting {
  readonly plan: ModelPlan
  readonly images: PoolImages
  readonly batchSize: number
  /** Most clients trained together. */
  readonly clientsAtOnce: number
}

/** Which of the two sets of images; they are there already. */
export type ImagesName = keyof PoolImages

export interface RemoteTask extends Omit<ClientTask, 'images'> {
  readonly images: ImagesName
}

export interface RemoteBatch extends MaskedModel {
  readonly images: ImagesName
  readonly indices: Uint32Array
}

/** A device as what drives it describes it. */
export interface DeviceDescription {
  /** What the trainer is called in a manifest, for instance "tfjs/tensorflow 2.16.1". */
  readonly trainer: string
  /** The processor or card. */
  readonly hardware: string
  readonly versions: Readonly<Record<string, string>>
  /** Bytes that training may take now; null where the device does not tell. */
  readonly freeBytes: number | null
  readonly isEmulated: boolean
}

/** The engine's end of the channel to a device. */
export interface DevicePort {
  post(message: DeviceRequest): void
  onMessage(listener: (message: DeviceReply) => void): void
  /** Calls `listener` once, with the reason in words, when what drives the device has ended without being asked to. */
  onLost(listener: (reason: string) => void): void
  /** Ends what drives the device, in the middle of its work too. */
  close(): void
}

/** The device's end of the channel. */
export interface DeviceServerPort {
  post(message: DeviceReply): void
  onMessage(listener: (message: DeviceRequest) => void): void
}

/** Name under which a page that drives a device is handed its port, from the main process to its preload and from there. */
export const devicePortName = 'espalier:device-port'

/** Starts what drives a device. Rejects with `DeviceMissing` where nothing can. */
export type ConnectDevice = (device: Device) => Promise<DevicePort>
