import {
  Chart,
  Filler,
  LinearScale,
  LineController,
  LineElement,
  PointElement,
  Tooltip,
  type ChartConfiguration,
  type ChartDataset,
} from 'chart.js'
import type { Attachment } from 'svelte/attachments'
import { decimate } from '@contract/figures/decimate'
import type { LineChartModel, Point, Series } from '@contract/figures/line-chart'

Chart.register(LineController, LineElement, PointElement, LinearScale, Filler, Tooltip)

/** Points of one line, and of all lines of a chart together: many lines are coarser, so that they are not drawn slower. */
const mostPoints = 600
const mostPointsTogether = 5000
/** Between two pictures of a chart whose data keep arriving: nobody reads curves faster, and the rest of the page stays quick. */
const restMilliseconds = 200
/** Markers along a line, enough to tell lines apart without covering them. */
const markersPerLine = 8

type LineDataset = ChartDataset<'line', { x: number; y: number }[]>

interface Palette {
  readonly text: string
  readonly muted: string
  readonly line: string
  readonly surface: string
  readonly colour: (token: string) => string
  readonly font: string
}

function readPalette(element: HTMLElement): Palette {
  const style = getComputedStyle(element)
  const colour = (token: string) => style.getPropertyValue(`--${token}`).trim()
  return {
    text: colour('text'),
    muted: colour('muted'),
    line: colour('line'),
    surface: colour('raised'),
    colour,
    font: style.fontFamily,
  }
}

const thinnedBefore = new WeakMap<readonly Point[], { readonly most: number; readonly kept: readonly Point[] }>()

/** A list of points is thinned once; while one run grows, the others stay the lists they are. */
function thinned(points: readonly Point[], most: number): readonly Point[] {
  const known = thinnedBefore.get(points)
  if (known?.most === most) return known.kept
  const kept = decimate(points, most)
  thinnedBefore.set(points, { most, kept })
  return kept
}

function datasetsOf(series: Series, most: number, { colour }: Palette): LineDataset[] {
  const stroke = colour(series.style.colour)
  const points = thinned(series.points, most)
  const step = Math.max(1, Math.floor(points.length / markersPerLine))
  const data = points.map(({ x, y }) => ({ x, y }))
  const look = { borderColor: stroke, backgroundColor: stroke, pointStyle: series.style.marker }
  const line: LineDataset = {
    ...look,
    label: series.label,
    data,
    borderWidth: 1.6,
    borderDash: [...series.style.dash],
    pointRadius: series.markers === 'only' ? 3.8 : 0,
    pointHoverRadius: 5,
    showLine: series.markers !== 'only',
  }
  // Markers are points of their own: a radius that differs from point to point would be asked for at every one of them.
  const markers: LineDataset = {
    ...look,
    label: '',
    data: data.filter((_, at) => at % step === 0 || at === data.length - 1),
    pointRadius: 2.6,
    pointHoverRadius: 2.6,
    showLine: false,
  }
  const drawn = series.markers === 'none' || series.markers === 'only' ? [line] : [line, markers]
  if (series.band === null) return drawn
  // A band is two invisible lines with the space between them filled.
  const band = decimate(
    series.band.map((point) => ({ ...point, y: point.high })),
    mostPoints,
  )
  const edge = { borderWidth: 0, pointRadius: 0, pointHoverRadius: 0, label: '' }
  return [
    ...drawn,
    { ...edge, data: band.map(({ x, low }) => ({ x, y: low })), fill: false },
    { ...edge, data: band.map(({ x, high }) => ({ x, y: high })), fill: '-1', backgroundColor: `${stroke}2b` },
  ]
}

function configurationOf(
  model: LineChartModel,
  palette: Palette,
): ChartConfiguration<'line', { x: number; y: number }[]> {
  const { x, y, series } = model
  const edges = series.flatMap(({ band }) => (band ?? []).flatMap(({ low, high }) => [low, high]))
  const beyond = (end: 0 | 1) => {
    const limit = y.limits?.[end]
    if (limit === undefined) return undefined
    return edges.some((edge) => (end === 0 ? edge < limit : edge > limit)) ? limit : undefined
  }
  const scale = (axis: typeof x) => ({
    type: 'linear' as const,
    min: axis.minimum ?? (axis === y ? beyond(0) : undefined),
    max: axis.maximum ?? (axis === y ? beyond(1) : undefined),
    grace: axis.minimum === undefined && axis === y ? '4%' : 0,
    title: { display: true, text: axis.label, color: palette.muted, font: { size: 11 }, padding: 2 },
    grid: { color: palette.line, lineWidth: 1, drawTicks: false },
    border: { color: palette.line },
    ticks: {
      color: palette.muted,
      font: { size: 11 },
      padding: 5,
      maxRotation: 0,
      maxTicksLimit: 7,
      ...(axis.whole === true ? { precision: 0 } : {}),
      callback: (value: number | string) => axis.format(Number(value)),
    },
  })
  const most = Math.min(mostPoints, Math.max(100, Math.floor(mostPointsTogether / Math.max(1, series.length))))
  return {
    type: 'line',
    data: { datasets: series.flatMap((item) => datasetsOf(item, most, palette)) },
    options: {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      font: { family: palette.font },
      interaction: { mode: 'nearest', axis: 'x', intersect: false },
      scales: { x: scale(x), y: scale(y) },
      plugins: {
        tooltip: {
          filter: ({ dataset }) => dataset.label !== '',
          backgroundColor: palette.surface,
          titleColor: palette.text,
          bodyColor: palette.text,
          borderColor: palette.line,
          borderWidth: 1,
          usePointStyle: true,
          callbacks: {
            title: (items) => (items.length === 0 ? '' : `${x.label} ${x.format(items[0].parsed.x ?? 0)}`),
            label: ({ dataset, parsed }) => `${dataset.label ?? ''}  ${y.format(parsed.y ?? 0)}`,
          },
        },
      },
    },
  }
}

/**
 * Draws the model on a canvas and redraws it when the model or the theme changes: at once, or after the rest since the last time.
 * Both are read through functions, so that a change updates the chart in place.
 */
export function lineChart(model: () => LineChartModel, theme: () => string): Attachment<HTMLCanvasElement> {
  return (canvas) => {
    let chart: Chart<'line', { x: number; y: number }[]> | null = null
    let frame = 0
    let timer = 0
    let drawnAt = Number.NEGATIVE_INFINITY
    const stop = () => {
      cancelAnimationFrame(frame)
      clearTimeout(timer)
    }
    const draw = (current: LineChartModel) => {
      frame = requestAnimationFrame((now) => {
        drawnAt = now
        const { data, options, type } = configurationOf(current, readPalette(canvas))
        if (chart === null) {
          chart = new Chart(canvas, { type, data, options })
        } else {
          chart.data = data
          chart.options = options ?? {}
          chart.update('none')
        }
      })
    }
    $effect(() => {
      const current = model()
      theme()
      stop()
      const rest = drawnAt + restMilliseconds - performance.now()
      if (rest <= 0) draw(current)
      else timer = window.setTimeout(draw, rest, current)
    })
    return () => {
      stop()
      chart?.destroy()
    }
  }
}
