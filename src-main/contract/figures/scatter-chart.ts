import type { Interval } from '../statistics'
import { extent, plotFrame } from './axes'
import type { Figure } from './figure'
import type { Axis, LineStyle } from './line-chart'
import { legendShapes, lineHeight, markerShape, polyline, type Scene, type Shape } from './scene'
import type { FigureWords } from './words'

/** Means with the 95 % intervals of both coordinates, and the front of those that none beats. */
export interface ScatterModel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly points: readonly ScatterPoint[]
}

export interface ScatterPoint {
  readonly id: string
  readonly label: string
  readonly style: LineStyle
  readonly x: number
  readonly y: number
  readonly xInterval: Interval | null
  readonly yInterval: Interval | null
  readonly onFront: boolean
}

export function scatterFigure(model: ScatterModel, words: FigureWords, missing: string): Figure {
  const { title, x, y, points } = model
  const range = (interval: Interval | null, format: (value: number) => string) =>
    interval === null ? missing : `${format(interval.low)} … ${format(interval.high)}`
  const best = points.filter(({ onFront }) => onFront).map(({ label }) => label)
  return {
    title,
    description: `${title}. ${y.label} / ${x.label}. ${words.front}: ${best.join('; ')}`,
    table: () => ({
      columns: [words.series, x.label, words.bands.interval, y.label, words.bands.interval, words.onFront],
      rows: points.map((point) => [
        point.label,
        x.format(point.x),
        range(point.xInterval, x.format),
        y.format(point.y),
        range(point.yInterval, y.format),
        point.onFront ? '✓' : '',
      ]),
    }),
    data: () => ({
      columns: [
        words.series,
        x.label,
        `${x.label} (${words.lower})`,
        `${x.label} (${words.upper})`,
        y.label,
        `${y.label} (${words.lower})`,
        `${y.label} (${words.upper})`,
        words.onFront,
      ],
      rows: points.map((point) => [
        point.label,
        point.x,
        point.xInterval?.low ?? null,
        point.xInterval?.high ?? null,
        point.y,
        point.yInterval?.low ?? null,
        point.yInterval?.high ?? null,
        point.onFront ? 1 : 0,
      ]),
    }),
    scene: (width, height) => scatterScene(model, words, width, height),
  }
}

function scatterScene({ x, y, points }: ScatterModel, words: FigureWords, width: number, height: number): Scene {
  const ends = (interval: Interval | null) => (interval === null ? [] : [interval.low, interval.high])
  const plot = plotFrame(
    { x, y },
    {
      x: extent(
        points.flatMap((point) => [point.x, ...ends(point.xInterval)]),
        x,
        0.06,
      ),
      y: extent(
        points.flatMap((point) => [point.y, ...ends(point.yInterval)]),
        y,
        0.06,
      ),
    },
    width,
    height,
  )
  const shapes: Shape[] = [...plot.shapes]
  // A step: between two offers only the cheaper one can be afforded.
  const front = points.filter(({ onFront }) => onFront).sort((a, b) => a.x - b.x)
  const frontStyle: LineStyle = { colour: 'line-strong', dash: [4, 3], marker: 'circle' }
  const steps = front.flatMap((point, at): (readonly [number, number])[] => {
    const before = front.at(at - 1)
    const here = [plot.x(point.x), plot.y(point.y)] as const
    return at === 0 || before === undefined ? [here] : [[plot.x(point.x), plot.y(before.y)], here]
  })
  if (steps.length > 1)
    shapes.push({ kind: 'path', d: polyline(steps), stroke: frontStyle.colour, width: 1.4, dash: frontStyle.dash })
  for (const point of points) {
    const [left, top] = [plot.x(point.x), plot.y(point.y)]
    const bars = [
      ...(point.xInterval === null
        ? []
        : [
            polyline([
              [plot.x(point.xInterval.low), top],
              [plot.x(point.xInterval.high), top],
            ]),
          ]),
      ...(point.yInterval === null
        ? []
        : [
            polyline([
              [left, plot.y(point.yInterval.low)],
              [left, plot.y(point.yInterval.high)],
            ]),
          ]),
    ]
    if (bars.length > 0) shapes.push({ kind: 'path', d: bars.join(''), stroke: point.style.colour, width: 1.2 })
    if (point.onFront)
      shapes.push({
        kind: 'path',
        d: `M${(left - 8).toFixed(2)} ${top.toFixed(2)}a8 8 0 1 0 16 0a8 8 0 1 0 -16 0Z`,
        stroke: 'line-strong',
        width: 1.2,
      })
    shapes.push(markerShape(point.style, left, top, 4.5, `${point.label}: ${x.format(point.x)}, ${y.format(point.y)}`))
  }
  const entries = [
    ...points.map(({ label, style }) => ({ label, style, line: false, marker: true })),
    { label: words.front, style: frontStyle, line: true, marker: false },
  ]
  const legend = legendShapes(entries, plot.left, height + 4, plot.right - plot.left)
  return { width, height: height + legend.height + lineHeight / 2, shapes: [...shapes, ...legend.shapes] }
}
