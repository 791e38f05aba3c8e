import type { DeviceDescription } from './device-protocol'

/** A backend of TensorFlow.js that has been opened and set. */
export interface Backend {
  /** Describes the device as it is now. */
  describe(): Promise<DeviceDescription>
  /** Largest tensor that it can hold; null where only its memory is the limit. */
  readonly mostTensorBytes: number | null
  /** Resolves with the reason when the device has gone. */
  readonly lost: Promise<string>
}

/** For a backend that lives as long as its process. */
export const neverLost: Promise<string> = new Promise(() => {})
