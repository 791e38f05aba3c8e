import type { MaskPicture } from '@contract/commands'
import { parseColour } from '../../charts/heat-map'

/** Rows are outputs, columns inputs × kernel. */
export interface MaskSize {
  readonly rows: number
  readonly columns: number
}

export function maskSize(shape: readonly number[]): MaskSize {
  return { rows: shape[0], columns: shape.slice(1).reduce((product, size) => product * size, 1) }
}

/** A wide mask is cut into bands of columns, drawn one below the other with a gap between them. */
export interface MaskBands {
  readonly bands: number
  /** Columns of every band; the last may have fewer. */
  readonly bandColumns: number
}

const bandGap = 3

/** The fewest bands of equal width that are at most `widest` columns wide. */
export function maskBands({ columns }: MaskSize, widest: number): MaskBands {
  const bands = Math.ceil(columns / Math.max(1, widest))
  return { bands, bandColumns: Math.ceil(columns / bands) }
}

function bitAt(bits: Uint8Array, index: number): number {
  return (bits[index >> 3] >> (index & 7)) & 1
}

export const cellStates = ['inactive', 'kept', 'pruned', 'grown'] as const
export type CellState = (typeof cellStates)[number]

/** What an update did to one weight. Without a previous mask, active weights are `kept`. */
function cellState(before: number | null, after: number): CellState {
  if (after === 1) return before === 0 ? 'grown' : 'kept'
  return before === 1 ? 'pruned' : 'inactive'
}

export interface MaskDrawing {
  readonly pixels: Uint8ClampedArray<ArrayBuffer>
  readonly width: number
  readonly height: number
  readonly counts: Readonly<Record<CellState, number>>
}

/** RGBA pixels of a mask, one per weight, and how many weights have each state. Colours are `#rrggbb`; gaps are transparent. */
export function drawMask(
  mask: MaskPicture,
  previous: MaskPicture | null,
  colours: Readonly<Record<CellState, string>>,
  { bands, bandColumns }: MaskBands,
): MaskDrawing {
  const { rows, columns } = maskSize(mask.shape)
  const height = bands * rows + (bands - 1) * bandGap
  const words = new Map(cellStates.map((state) => [state, parseColour(colours[state])]))
  const counts = { inactive: 0, kept: 0, pruned: 0, grown: 0 }
  const pixels = new Uint8ClampedArray(bandColumns * height * 4)
  for (let index = 0; index < rows * columns; index++) {
    const before = previous === null ? null : bitAt(previous.bits, index)
    const state = cellState(before, bitAt(mask.bits, index))
    counts[state]++
    const column = index % columns
    const band = Math.floor(column / bandColumns)
    const y = band * (rows + bandGap) + Math.floor(index / columns)
    const [red, green, blue] = words.get(state) ?? [0, 0, 0]
    const at = 4 * (y * bandColumns + (column % bandColumns))
    pixels[at] = red
    pixels[at + 1] = green
    pixels[at + 2] = blue
    pixels[at + 3] = 255
  }
  return { pixels, width: bandColumns, height, counts }
}
