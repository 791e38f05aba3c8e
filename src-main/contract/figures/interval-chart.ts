import { scaleLinear } from 'd3-scale'
import type { Interval } from '../statistics'
import { extent, ticksOf } from './axes'
import type { Figure } from './figure'
import type { Axis, LineStyle } from './line-chart'
import { lineHeight, markerShape, polyline, textSize, textWidth, type Scene, type Shape } from './scene'
import type { FigureWords } from './words'

/** One row for each arm: every seed as a dot, the mean as a marker, its 95 % interval as a bar. */
export interface IntervalModel {
  readonly title: string
  readonly axis: Axis
  /** Of single values, in the table. */
  readonly format: (value: number) => string
  /** Where a vertical line is drawn: no difference. */
  readonly reference: number | null
  readonly rows: readonly IntervalRow[]
}

export interface IntervalRow {
  readonly id: string
  readonly label: string
  readonly style: LineStyle
  readonly mean: number | null
  readonly interval: Interval | null
  readonly dots: readonly { readonly seed: number; readonly value: number }[]
  /** What is written at the end of the row. */
  readonly note: string
}

export function intervalFigure(model: IntervalModel, words: FigureWords, missing: string): Figure {
  const text = (value: number | null | undefined) =>
    value === null || value === undefined ? missing : model.format(value)
  return {
    title: model.title,
    description: `${model.title}. ${model.rows.map(({ label, mean, note }) => `${label}: ${text(mean)}, ${note}`).join('; ')}`,
    table: () => ({
      columns: [words.series, words.mean, words.lower, words.upper, 'n', ''],
      rows: model.rows.map(({ label, mean, interval, dots, note }) => [
        label,
        text(mean),
        text(interval?.low),
        text(interval?.high),
        String(dots.length),
        note,
      ]),
    }),
    data: () => ({
      columns: [words.series, words.seed, model.axis.label],
      rows: model.rows.flatMap(({ label, dots }) => dots.map(({ seed, value }) => [label, seed, value])),
    }),
    scene: (width) => intervalScene(model, width),
  }
}

const rowHeight = 44

/** Its height follows from the rows. Labels stand above their row, so that long ones fit. */
function intervalScene({ axis, format, reference, rows }: IntervalModel, width: number): Scene {
  const left = 14
  const right = width - 30
  const top = 6
  const bottom = top + Math.max(1, rows.length) * rowHeight
  const values = rows.flatMap(({ dots, interval }) => [
    ...dots.map(({ value }) => value),
    ...(interval === null ? [] : [interval.low, interval.high]),
  ])
  const x = scaleLinear()
    .domain(extent(reference === null ? values : [...values, reference], axis, 0.05))
    .range([left, right])
    .clamp(true)
  const widest = Math.max(20, ...x.ticks(6).map((tick) => textWidth(axis.format(tick))))
  const shapes: Shape[] = []
  for (const tick of ticksOf(x, axis, Math.max(2, Math.min(8, Math.floor((right - left) / (widest + 24)))))) {
    shapes.push(
      { kind: 'path', d: vertical(x(tick), top, bottom), stroke: 'line', width: 1 },
      {
        kind: 'text',
        x: x(tick),
        y: bottom + lineHeight,
        text: axis.format(tick),
        anchor: 'middle',
        colour: 'muted',
      },
    )
  }
  if (reference !== null)
    shapes.push({ kind: 'path', d: vertical(x(reference), top, bottom), stroke: 'line-strong', width: 1.5 })
  rows.forEach(({ label, style, mean, interval, dots, note }, at) => {
    const textAt = top + at * rowHeight + textSize + 2
    const y = top + at * rowHeight + 27
    const line = { kind: 'text', y: textAt, colour: 'text' } as const
    shapes.push({ ...line, x: left, text: label, anchor: 'start', bold: true })
    shapes.push({ ...line, x: right, text: note, anchor: 'end', colour: 'muted' })
    for (const { seed, value } of dots)
      shapes.push({
        kind: 'path',
        d: `M${(x(value) - 2.5).toFixed(2)} ${y + 7}a2.5 2.5 0 1 0 5 0a2.5 2.5 0 1 0 -5 0Z`,
        fill: style.colour,
        opacity: 0.35,
        hint: `${label}, ${seed}: ${format(value)}`,
      })
    if (interval !== null)
      shapes.push({
        kind: 'path',
        d: `${polyline([
          [x(interval.low), y],
          [x(interval.high), y],
        ])}${vertical(x(interval.low), y - 4, y + 4)}${vertical(x(interval.high), y - 4, y + 4)}`,
        stroke: style.colour,
        width: 1.6,
        hint: `${label}: ${format(interval.low)} … ${format(interval.high)}`,
      })
    if (mean !== null) shapes.push(markerShape(style, x(mean), y, 4.2, `${label}: ${format(mean)}`))
  })
  shapes.push({
    kind: 'text',
    x: (left + right) / 2,
    y: bottom + 2.1 * lineHeight,
    text: axis.label,
    anchor: 'middle',
    colour: 'muted',
  })
  return { width, height: bottom + 2.6 * lineHeight, shapes }
}

function vertical(x: number, from: number, to: number): string {
  return polyline([
    [x, from],
    [x, to],
  ])
}
