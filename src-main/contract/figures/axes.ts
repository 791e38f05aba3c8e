import { scaleLinear, type ScaleLinear } from 'd3-scale'
import type { Axis } from './line-chart'
import { lineHeight, polyline, textSize, textWidth, type Shape } from './scene'

/** The frame of a plot with two axes. */
export interface Plot {
  readonly x: ScaleLinear<number, number>
  readonly y: ScaleLinear<number, number>
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
  readonly shapes: readonly Shape[]
}

/** The least and the greatest of some numbers with a little room around them; an axis' own ends win. */
export function extent(values: readonly number[], axis: Axis, room: number): readonly [number, number] {
  let low = Number.POSITIVE_INFINITY
  let high = Number.NEGATIVE_INFINITY
  for (const value of values) {
    if (value < low) low = value
    if (value > high) high = value
  }
  if (low > high) [low, high] = [0, 1]
  const space = high === low ? Math.max(Math.abs(high) * 0.1, 1e-9) : (high - low) * room
  const [least, most] = axis.limits ?? [Number.NEGATIVE_INFINITY, Number.POSITIVE_INFINITY]
  return [axis.minimum ?? Math.max(least, low - space), axis.maximum ?? Math.min(most, high + space)]
}

/** Positions of the ticks of an axis. */
export function ticksOf(scale: ScaleLinear<number, number>, axis: Axis, count: number): number[] {
  return scale.ticks(count).filter((tick) => axis.whole !== true || Number.isInteger(tick))
}

/** Scales, grid, ticks and labels of a plot of the given size, its legend aside. */
export function plotFrame(
  axes: { readonly x: Axis; readonly y: Axis },
  domains: { readonly x: readonly [number, number]; readonly y: readonly [number, number] },
  width: number,
  height: number,
): Plot {
  const top = 10
  const bottom = height - 2.6 * lineHeight
  const y = scaleLinear().domain(domains.y).range([bottom, top]).clamp(true)
  const yTicks = ticksOf(y, axes.y, 6)
  const left = lineHeight + 10 + Math.max(0, ...yTicks.map((tick) => textWidth(axes.y.format(tick))))
  const right = width - 14
  const x = scaleLinear().domain(domains.x).range([left, right]).clamp(true)
  const widest = Math.max(20, ...x.ticks(6).map((tick) => textWidth(axes.x.format(tick))))
  const xTicks = ticksOf(x, axes.x, Math.max(2, Math.min(8, Math.floor((right - left) / (widest + 24)))))
  const shapes: Shape[] = []
  const rule = (...points: (readonly [number, number])[]) => {
    shapes.push({ kind: 'path', d: polyline(points), stroke: 'line', width: 1 })
  }
  for (const tick of yTicks) {
    rule([left, y(tick)], [right, y(tick)])
    shapes.push({
      kind: 'text',
      x: left - 6,
      y: y(tick) + textSize * 0.35,
      text: axes.y.format(tick),
      anchor: 'end',
      colour: 'muted',
    })
  }
  for (const tick of xTicks) {
    rule([x(tick), top], [x(tick), bottom])
    shapes.push({
      kind: 'text',
      x: x(tick),
      y: bottom + lineHeight,
      text: axes.x.format(tick),
      anchor: 'middle',
      colour: 'muted',
    })
  }
  shapes.push(
    {
      kind: 'text',
      x: (left + right) / 2,
      y: bottom + 2.1 * lineHeight,
      text: axes.x.label,
      anchor: 'middle',
      colour: 'muted',
    },
    {
      kind: 'text',
      x: textSize,
      y: (top + bottom) / 2,
      text: axes.y.label,
      anchor: 'middle',
      colour: 'muted',
      turned: true,
    },
  )
  return { x, y, left, top, right, bottom, shapes }
}
