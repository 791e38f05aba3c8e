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
  readonly counts: Readonly<Record<CellState, number>>
}

/** RGBA pixels of a mask, one per weight, and how many weights have each state. Colours are `#rrggbb`. */
export function drawMask(
  mask: MaskPicture,
  previous: MaskPicture | null,
  colours: Readonly<Record<CellState, string>>,
): MaskDrawing {
  const { rows, columns } = maskSize(mask.shape)
  const words = new Map(cellStates.map((state) => [state, parseColour(colours[state])]))
  const counts = { inactive: 0, kept: 0, pruned: 0, grown: 0 }
  const pixels = new Uint8ClampedArray(rows * columns * 4)
  for (let index = 0; index < rows * columns; index++) {
    const before = previous === null ? null : bitAt(previous.bits, index)
    const state = cellState(before, bitAt(mask.bits, index))
    counts[state]++
    pixels.set([...(words.get(state) ?? []), 255], index * 4)
  }
  return { pixels, counts }
}
