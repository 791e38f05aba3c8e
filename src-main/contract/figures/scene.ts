import type { LineStyle, Marker } from './line-chart'

/** A picture as shapes: elements on the screen, SVG on paper. Lengths are CSS pixels; colours are names of colour tokens. */

export type Shape =
  | {
      readonly kind: 'path'
      readonly d: string
      readonly stroke?: string
      readonly width?: number
      readonly dash?: readonly number[]
      readonly fill?: string
      /** Of the fill. */
      readonly opacity?: number
      /** Shown when it is pointed at. */
      readonly hint?: string
    }
  | {
      readonly kind: 'text'
      readonly x: number
      readonly y: number
      readonly text: string
      readonly anchor: 'start' | 'middle' | 'end'
      readonly colour: 'text' | 'muted'
      readonly bold?: boolean
      /** Reads upwards. */
      readonly turned?: boolean
    }
  | {
      readonly kind: 'image'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
      /** A PNG as a data address. */
      readonly href: string
    }
  | {
      readonly kind: 'cell'
      readonly x: number
      readonly y: number
      readonly width: number
      readonly height: number
      /** Place between the low and the high colour of heat maps, 0 to 1. */
      readonly share: number
    }

export interface Scene {
  readonly width: number
  readonly height: number
  readonly shapes: readonly Shape[]
}

export const textSize = 11
export const lineHeight = 16

/** Width of a text at `textSize`, near enough to lay out by: fonts differ from machine to machine. */
export function textWidth(text: string): number {
  let width = 0
  for (const character of text) {
    const isWide = character === '%' || (character.codePointAt(0) ?? 0) > 0x2e7f
    width += isWide ? textSize : textSize * 0.56
  }
  return width
}

/** A number in SVG: two decimals, none that are zero. */
export function place(value: number): string {
  return String(Math.round(value * 100) / 100)
}

/** The line through points. */
export function polyline(points: readonly (readonly [number, number])[]): string {
  return points.map(([x, y], at) => `${at === 0 ? 'M' : 'L'}${place(x)} ${place(y)}`).join('')
}

const openMarkers: readonly Marker[] = ['star', 'crossRot']

/** One marker around a point. `size` is half its width. */
export function markerShape(style: LineStyle, x: number, y: number, size: number, hint?: string): Shape {
  const at = (dx: number, dy: number): readonly [number, number] => [x + dx * size, y + dy * size]
  const corners = (...all: readonly [number, number][]) => `${polyline(all.map(([dx, dy]) => at(dx, dy)))}Z`
  const strokes = (...all: readonly [number, number][]) =>
    all.map(([dx, dy]) => polyline([at(-dx, -dy), at(dx, dy)])).join('')
  const radius = place(size)
  const paths: Record<Marker, () => string> = {
    circle: () =>
      `M${place(x - size)} ${place(y)}a${radius} ${radius} 0 1 0 ${place(2 * size)} 0a${radius} ${radius} 0 1 0 ${place(-2 * size)} 0Z`,
    rect: () => corners([-0.9, -0.9], [0.9, -0.9], [0.9, 0.9], [-0.9, 0.9]),
    triangle: () => corners([0, -1.1], [1.05, 0.75], [-1.05, 0.75]),
    rectRot: () => corners([0, -1.2], [1.2, 0], [0, 1.2], [-1.2, 0]),
    star: () => strokes([1.1, 0], [0, 1.1], [0.8, 0.8], [0.8, -0.8]),
    crossRot: () => strokes([0.9, 0.9], [0.9, -0.9]),
  }
  return {
    kind: 'path',
    d: paths[style.marker](),
    stroke: style.colour,
    width: openMarkers.includes(style.marker) ? 1.4 : 1,
    ...(openMarkers.includes(style.marker) ? {} : { fill: style.colour }),
    ...(hint === undefined ? {} : { hint }),
  }
}

export interface LegendEntry {
  readonly label: string
  readonly style: LineStyle
  readonly line: boolean
  readonly marker: boolean
}

/** The legend below a plot, wrapped to the width. */
export function legendShapes(
  entries: readonly LegendEntry[],
  left: number,
  top: number,
  width: number,
): { readonly shapes: readonly Shape[]; readonly height: number } {
  const shapes: Shape[] = []
  const swatch = 26
  let x = left
  let row = 0
  for (const { label, style, line, marker } of entries) {
    const wide = swatch + 6 + textWidth(label) + 16
    if (x > left && x + wide > left + width) {
      x = left
      row++
    }
    const y = top + (row + 0.5) * lineHeight
    if (line)
      shapes.push({
        kind: 'path',
        d: polyline([
          [x, y],
          [x + swatch, y],
        ]),
        stroke: style.colour,
        width: 1.6,
        dash: style.dash,
      })
    if (marker) shapes.push(markerShape(style, x + swatch / 2, y, 3))
    shapes.push({ kind: 'text', x: x + swatch + 6, y: y + 4, text: label, anchor: 'start', colour: 'text' })
    x += wide
  }
  return { shapes, height: entries.length === 0 ? 0 : (row + 1) * lineHeight }
}
