import { extent, plotFrame } from './axes'
import { decimate } from './decimate'
import type { LineChartModel } from './line-chart'
import { legendShapes, lineHeight, markerShape, polyline, type Scene, type Shape } from './scene'

/** A vector picture need not be finer than print. */
const mostPoints = 1200
const markersPerLine = 8

/** The line chart on paper: plot, bands and legend. */
export function lineScene({ x, y, series }: LineChartModel, width: number, height: number): Scene {
  const points = series.flatMap((item) => item.points)
  const values = [...points.map((point) => point.y), ...series.flatMap(({ band }) => (band ?? []).flatMap(bandEnds))]
  const plot = plotFrame(
    { x, y },
    {
      x: extent(
        points.map((point) => point.x),
        x,
        0,
      ),
      y: extent(values, y, 0.04),
    },
    width,
    height,
  )
  const shapes: Shape[] = [...plot.shapes]
  for (const { band, style } of series) {
    if (band === null || band.length === 0) continue
    const kept = decimate(
      band.map((point) => ({ ...point, y: point.high })),
      mostPoints,
    )
    const upper = kept.map((point) => [plot.x(point.x), plot.y(point.high)] as const)
    const lower = kept.map((point) => [plot.x(point.x), plot.y(point.low)] as const).reverse()
    shapes.push({ kind: 'path', d: `${polyline([...upper, ...lower])}Z`, fill: style.colour, opacity: 0.17 })
  }
  for (const item of series) {
    const kept = decimate(item.points, mostPoints).map((point) => [plot.x(point.x), plot.y(point.y)] as const)
    if (item.markers !== 'only' && kept.length > 1)
      shapes.push({
        kind: 'path',
        d: polyline(kept),
        stroke: item.style.colour,
        width: 1.6,
        dash: item.style.dash,
      })
    if (item.markers === 'none') continue
    const step = item.markers === 'only' ? 1 : Math.max(1, Math.floor(kept.length / markersPerLine))
    kept.forEach(([left, top], at) => {
      if (at % step === 0 || at === kept.length - 1) shapes.push(markerShape(item.style, left, top, 2.6))
    })
  }
  const entries = series.map(({ label, style, markers }) => ({
    label,
    style,
    line: markers !== 'only',
    marker: markers !== 'none',
  }))
  const legend = legendShapes(entries, plot.left, height + 4, plot.right - plot.left)
  return { width, height: height + legend.height + lineHeight / 2, shapes: [...shapes, ...legend.shapes] }
}

function bandEnds({ low, high }: { readonly low: number; readonly high: number }): number[] {
  return [low, high]
}
