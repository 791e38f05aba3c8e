import type { Experiment } from '../../contract/experiment'
import type { ModelPlan } from '../models/plan'
import { encodedBits, indexBits, kernelSize, smallestEncoding } from './encodings'

const bitsPerValue = 32

/** How weights travel: the encoding of their places and the bits of a value. */
export interface TransferFormat {
  readonly encoding: Experiment['encoding']
  readonly valueBits: number
}

export const plainFormat: TransferFormat = { encoding: 'bitmap', valueBits: bitsPerValue }

export function formatOf({ encoding, valueFormat }: Pick<Experiment, 'encoding' | 'valueFormat'>): TransferFormat {
  return { encoding, valueBits: valueFormat === 'float16' ? 16 : bitsPerValue }
}

/**
 * Bits that carry the model once: biases, and `active` weights per layer with their places where the receiver does not know
 * them; a dense network needs none. `changed` are the places of every layer that differ from the mask that the receiver knows,
 * null where it knows none.
 */
export function modelBits(
  plan: ModelPlan,
  active: readonly number[],
  withMask: boolean,
  { encoding, valueBits }: TransferFormat = plainFormat,
  changed: readonly number[] | null = null,
): number {
  const biases = (plan.parameterCount - plan.prunableCount) * valueBits
  const isDense = active.every((count, index) => count === plan.prunable[index].weightCount)
  const layers = plan.prunable.map((layer, index) => {
    const { weightCount } = layer
    const values = active[index] * valueBits
    if (encoding === 'dense') return weightCount * valueBits
    if (!withMask || isDense) return values
    if (encoding === 'bitmap') return weightCount + values
    if (encoding === 'delta') {
      const places = changed === null ? weightCount : Math.min(weightCount, changed[index] * indexBits(weightCount))
      return places + values
    }
    const size = kernelSize(layer)
    const chosen = encoding === 'smallest' ? smallestEncoding(size, active[index], valueBits) : encoding
    return encodedBits(chosen, size, active[index], valueBits)
  })
  return layers.reduce((sum, bits) => sum + bits, biases)
}

/** Bits of a dense gradient: a value for every prunable weight, active or not. */
export function gradientBits(plan: ModelPlan, { valueBits } = plainFormat): number {
  return plan.prunableCount * valueBits
}

/** Whole bytes that hold these bits. */
export function wholeBytes(bits: number): number {
  return Math.ceil(bits / 8)
}
