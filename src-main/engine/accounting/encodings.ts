import type { PrunableLayerPlan } from '../models/plan'

/**
 * How the active weights of a kernel can travel, so that the receiver knows their positions too. n weights in r rows (one
 * for each output) and c columns, m of them active, v bits for each value (Huang et al. 2025, FedRTS, appendix).
 */
export const encodings = ['dense', 'bitmap', 'coordinates', 'csr'] as const
export type Encoding = (typeof encodings)[number]

/** The sizes that decide what an encoding costs. */
export interface KernelSize {
  readonly weights: number
  readonly rows: number
}

export function kernelSize(layer: PrunableLayerPlan): KernelSize {
  return { weights: layer.weightCount, rows: layer.kind === 'convolution' ? layer.outputChannels : layer.outputs }
}

/** Bits of `active` weights with their positions: values and zeros, or values and where they stand. */
export function encodedBits(encoding: Encoding, size: KernelSize, active: number, valueBits: number): number {
  const { weights, rows } = size
  switch (encoding) {
    case 'dense':
      return weights * valueBits
    case 'bitmap':
      return weights + active * valueBits
    case 'coordinates':
      return active * indexBits(weights) + active * valueBits
    case 'csr':
      return active * indexBits(weights / rows) + rows * indexBits(active) + active * valueBits
  }
}

/** The encoding with the fewest bits; the earlier in `encodings` where two are equal. */
export function smallestEncoding(size: KernelSize, active: number, valueBits: number): Encoding {
  return encodings.reduce((best, encoding) =>
    encodedBits(encoding, size, active, valueBits) < encodedBits(best, size, active, valueBits) ? encoding : best,
  )
}

/** Bits of one index among `count` things: ⌈log2 count⌉. */
export function indexBits(count: number): number {
  return count <= 1 ? 0 : Math.ceil(Math.log2(count))
}
