import { weightAt, type MaskLayout } from './mask-layout'

/** Packed bits of a mask and of what came before it. Bit i & 7 (lowest first) of byte i >> 3 is weight i. */
export interface MaskChange {
  readonly bits: Uint8Array
  /** The mask before; null colours active weights only. */
  readonly before: Uint8Array | null
  /** Weights that were active in any mask before. */
  readonly earlier: Uint8Array | null
}

export const cellStates = ['inactive', 'kept', 'pruned', 'grown', 'regrown'] as const
export type CellState = (typeof cellStates)[number]

export type CellColours = Readonly<Record<CellState, readonly [red: number, green: number, blue: number]>>

const [inactive, kept, pruned, grown, regrown] = cellStates.keys()

/** What an update did to one weight, as a place in `cellStates`. Without a mask before, active weights are `kept`. */
export function cellState({ bits, before, earlier }: MaskChange, weight: number): number {
  const byte = weight >> 3
  const bit = weight & 7
  const isActive = (bits[byte] >> bit) & 1
  if (before === null) return isActive === 1 ? kept : inactive
  const wasActive = (before[byte] >> bit) & 1
  if (isActive === 1) {
    if (wasActive === 1) return kept
    return earlier !== null && ((earlier[byte] >> bit) & 1) === 1 ? regrown : grown
  }
  return wasActive === 1 ? pruned : inactive
}

/** How many of `weights` weights have each state. */
export function countStates({ bits, before, earlier }: MaskChange, weights: number): Record<CellState, number> {
  const counts = { inactive: 0, kept: 0, pruned: 0, grown: 0, regrown: 0 }
  for (let byte = 0; byte < bits.length; byte++) {
    const now = bits[byte]
    const past = before === null ? now : before[byte]
    const known = earlier === null ? 0 : earlier[byte]
    counts.kept += onesOf[now & past]
    counts.pruned += onesOf[past & ~now & 255]
    counts.grown += onesOf[now & ~past & ~known & 255]
    counts.regrown += onesOf[now & ~past & known]
  }
  counts.inactive = weights - counts.kept - counts.pruned - counts.grown - counts.regrown
  return counts
}

const onesOf = Uint8Array.from({ length: 256 }, (_, byte) => {
  let ones = 0
  for (let rest = byte; rest !== 0; rest &= rest - 1) ones++
  return ones
})

export interface CellWindow {
  /** The first cell and the number of cells shown, in cells of the layout. */
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}

/** RGBA pixels of the cells in a window, one pixel each. Gaps are transparent. */
export function drawCells(
  change: MaskChange,
  layout: MaskLayout,
  window: CellWindow,
  colours: CellColours,
): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(window.width * window.height * 4)
  const palette = packedColours(colours)
  const words = new Uint32Array(pixels.buffer)
  let at = 0
  for (let y = window.y; y < window.y + window.height; y++) {
    for (let x = window.x; x < window.x + window.width; x++) {
      const weight = weightAt(layout, x, y)
      if (weight >= 0) words[at] = palette[cellState(change, weight)]
      at++
    }
  }
  return pixels
}

/**
 * RGBA pixels of the whole picture made smaller: each pixel has the mean colour of `shrink` × `shrink` cells. Groups of
 * eight weights that are inactive before and after cost next to nothing.
 */
export function drawOverview(
  { bits, before, earlier }: MaskChange,
  layout: MaskLayout,
  shrink: number,
  colours: CellColours,
): { readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly width: number; readonly height: number } {
  const width = Math.ceil(layout.width / shrink)
  const height = Math.ceil(layout.height / shrink)
  const sums = new Float32Array(width * height * 3)
  const cells = new Uint16Array(width * height)
  const [ground, ...others] = cellStates.map((state) => colours[state])
  const offsets = others.map((colour) => colour.map((value, channel) => value - ground[channel]))
  const { outputs, inputs, bandInputs, bands } = layout
  const bandHeight = bands === 1 ? outputs : (layout.height + 3) / bands
  for (let band = 0; band < bands; band++) {
    const firstInput = band * bandInputs
    const endInput = Math.min(inputs, firstInput + bandInputs)
    for (let output = 0; output < outputs; output++) {
      const rowStart = Math.floor((band * bandHeight + output) / shrink) * width
      for (let x = 0; x < Math.ceil((endInput - firstInput) / shrink); x++) {
        cells[rowStart + x] += Math.min(shrink, endInput - firstInput - x * shrink)
      }
      const end = output * inputs + endInput
      for (let weight = output * inputs + firstInput; weight < end;) {
        const byte = weight >> 3
        const now = bits[byte]
        const past = before === null ? now : before[byte]
        if ((now | past) === 0) {
          weight = (byte + 1) * 8
          continue
        }
        const bit = weight & 7
        const isActive = (now >> bit) & 1
        const wasActive = (past >> bit) & 1
        if ((isActive | wasActive) === 1) {
          const isKnown = earlier === null ? 0 : (earlier[byte] >> bit) & 1
          const state = isActive === 1 ? (wasActive === 1 ? kept : isKnown === 1 ? regrown : grown) : pruned
          const offset = offsets[state - 1]
          const at = 3 * (rowStart + Math.floor((weight - output * inputs - firstInput) / shrink))
          sums[at] += offset[0]
          sums[at + 1] += offset[1]
          sums[at + 2] += offset[2]
        }
        weight++
      }
    }
  }
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < cells.length; pixel++) {
    if (cells[pixel] === 0) continue
    for (let channel = 0; channel < 3; channel++) {
      pixels[4 * pixel + channel] = ground[channel] + sums[3 * pixel + channel] / cells[pixel]
    }
    pixels[4 * pixel + 3] = 255
  }
  return { pixels, width, height }
}

/** Colours as 32-bit words in the byte order of this machine, opaque. */
function packedColours(colours: CellColours): Uint32Array {
  const bytes = Uint8Array.from(cellStates.flatMap((state) => [...colours[state], 255]))
  return new Uint32Array(bytes.buffer)
}
