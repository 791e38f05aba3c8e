import { EspalierError } from '../../contract/commands'
import type { Device } from '../../contract/devices'
import { messageOf } from '../../contract/errors'
import type { WhyMissing } from './device-protocol'

/** A device that is not there, with what to do about it. */
export class DeviceMissing extends EspalierError {
  constructor(
    readonly device: Device,
    readonly why: WhyMissing,
  ) {
    super('failed', `The device ${device} cannot be used: ${why.problem}. ${why.remedy}.`)
    this.name = 'DeviceMissing'
  }
}

/** What whoever trains should do when a device has failed in the middle of a run. */
const goOn = 'Everything up to the last round is kept: resume the run, there or on another device (--device cpu).'

/** The device has gone: its process ended, its driver was reset. */
export function deviceLost(device: Device, reason: string): EspalierError {
  return new EspalierError('failed', `The device ${device} was lost: ${reason}. ${goOn}`)
}

/** What a device threw, as an error for the user: memory by its name, the rest in its own words. */
export function deviceFailure(device: Device, error: unknown): EspalierError {
  if (error instanceof EspalierError) return error
  const words = messageOf(error)
  if (isOutOfMemory(words)) {
    return new EspalierError(
      'failed',
      `The device ${device} is out of memory. Train fewer clients at once (--clients-at-once) or smaller batches (--batch-size). ${goOn} (${firstLine(words)})`,
      { cause: error },
    )
  }
  return new EspalierError('failed', `The device ${device} failed: ${firstLine(words)}. ${goOn}`, { cause: error })
}

/** The words of TensorFlow, CUDA, WebGPU and V8 for memory that is not there. */
function isOutOfMemory(words: string): boolean {
  return /\bOOM\b|out of memory|ResourceExhausted|RESOURCE_EXHAUSTED|failed to allocate|bad_alloc|Array buffer allocation failed|Invalid typed array length/i.test(
    words,
  )
}

/** The first line of a message, without its full stop. */
export function firstLine(words: string): string {
  return words.split('\n', 1)[0].trim().replace(/\.$/, '')
}
