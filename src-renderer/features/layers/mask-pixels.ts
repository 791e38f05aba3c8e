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
  for (let row = 0; row < window.height; row++) {
    const start = row * window.width
    for (let column = 0; column < window.width;) {
      const first = weightAt(layout, window.x + column, window.y + row)
      if (first < 0) {
        column++
        continue
      }
      // Weights of one kernel row, or of a whole row without kernels, follow one another.
      const length = Math.min(window.width - column, runLength(layout, window.x + column))
      drawRun(change, first, words.subarray(start + column, start + column + length), palette)
      column += length
    }
  }
  return pixels
}

/** How many cells from column `x` on hold weights that follow one another. */
function runLength({ kernelWidth, blockWidth, width, bands, inputs, bandInputs }: MaskLayout, x: number): number {
  if (blockWidth > 1) return kernelWidth - (x % blockWidth)
  // The last band may be shorter; asking again at its end costs little.
  return bands === 1 ? width - x : Math.max(1, inputs - (bands - 1) * bandInputs - x)
}

function drawRun({ bits, before, earlier }: MaskChange, first: number, cells: Uint32Array, palette: Uint32Array): void {
  for (let cell = 0; cell < cells.length; cell++) {
    const byte = (first + cell) >> 3
    const bit = (first + cell) & 7
    const isActive = (bits[byte] >> bit) & 1
    const wasActive = before === null ? isActive : (before[byte] >> bit) & 1
    const isKnown = earlier === null ? 0 : (earlier[byte] >> bit) & 1
    // The states lie at 0 inactive, 1 kept, 2 pruned, 3 grown, 4 regrown.
    cells[cell] = palette[isActive === 1 ? (wasActive === 1 ? kept : grown + isKnown) : wasActive * pruned]
  }
}

/**
 * RGBA pixels of the whole picture made smaller: each pixel has the mean colour of `shrink` × `shrink` cells. Weights are
 * counted up to 24 at a time.
 */
export function drawOverview(
  { bits, before, earlier }: MaskChange,
  layout: MaskLayout,
  shrink: number,
  colours: CellColours,
): { readonly pixels: Uint8ClampedArray<ArrayBuffer>; readonly width: number; readonly height: number } {
  const width = Math.ceil(layout.width / shrink)
  const height = Math.ceil(layout.height / shrink)
  const cells = new Uint16Array(width * height)
  const counts = new Uint16Array(width * height * cellStates.length)
  const { inputs, bandInputs } = layout
  for (let y = 0; y < layout.height; y++) {
    const first = weightAt(layout, 0, y)
    if (first < 0) continue
    const inRow = first % inputs
    const length = Math.min(bandInputs, inputs - inRow)
    const line = Math.floor(y / shrink) * width
    for (let x = 0; x * shrink < length; x++) {
      const end = first + Math.min(length, (x + 1) * shrink)
      const at = (line + x) * cellStates.length
      cells[line + x] += end - first - x * shrink
      for (let start = first + x * shrink; start < end; start += 24) {
        const some = Math.min(24, end - start)
        const now = bitsAt(bits, start, some)
        const past = before === null ? now : bitsAt(before, start, some)
        if ((now | past) === 0) continue
        const fresh = now & ~past
        const again = earlier === null || fresh === 0 ? 0 : fresh & bitsAt(earlier, start, some)
        const lost = past & ~now
        counts[at + kept] += onesIn(now & past)
        if (lost !== 0) counts[at + pruned] += onesIn(lost)
        if (fresh === 0) continue
        counts[at + grown] += onesIn(fresh & ~again)
        counts[at + regrown] += onesIn(again)
      }
    }
  }
  const pixels = new Uint8ClampedArray(width * height * 4)
  for (let pixel = 0; pixel < cells.length; pixel++) {
    if (cells[pixel] === 0) continue
    for (let channel = 0; channel < 3; channel++) {
      const ground = colours.inactive[channel]
      let sum = 0
      for (let state = kept; state < cellStates.length; state++) {
        sum += counts[pixel * cellStates.length + state] * (colours[cellStates[state]][channel] - ground)
      }
      pixels[4 * pixel + channel] = ground + sum / cells[pixel]
    }
    pixels[4 * pixel + 3] = 255
  }
  return { pixels, width, height }
}

/** Up to 24 bits from a position on, the first in the lowest place. */
function bitsAt(bits: Uint8Array, position: number, count: number): number {
  const byte = position >> 3
  // Bytes behind the end count as 0.
  const word = bits[byte] | (bits[byte + 1] << 8) | (bits[byte + 2] << 16) | (bits[byte + 3] << 24)
  return (word >>> (position & 7)) & ((1 << count) - 1)
}

function onesIn(word: number): number {
  return onesOf[word & 255] + onesOf[(word >>> 8) & 255] + onesOf[(word >>> 16) & 255]
}

/** Colours as 32-bit words in the byte order of this machine, opaque. */
function packedColours(colours: CellColours): Uint32Array {
  const bytes = Uint8Array.from(cellStates.flatMap((state) => [...colours[state], 255]))
  return new Uint32Array(bytes.buffer)
}
