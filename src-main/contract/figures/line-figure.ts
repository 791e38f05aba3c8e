import type { Figure } from './figure'
import { chartSummary, chartTable, type LineChartModel } from './line-chart'
import { lineScene } from './line-scene'
import type { FigureWords } from './words'

/** A line chart with its table, its numbers and its picture on paper. */
export function lineFigure(model: LineChartModel, words: FigureWords, missing: string): Figure {
  const { title, x, y, series } = model
  const hasBands = series.some(({ band }) => band !== null)
  return {
    title,
    description: chartSummary(model),
    table: () => chartTable(model, words.series, missing),
    data: () => ({
      columns: [
        words.series,
        x.label,
        y.label,
        ...(hasBands ? [`${y.label} (${words.lower})`, `${y.label} (${words.upper})`] : []),
      ],
      rows: series.flatMap(({ label, points, band }) =>
        points.map((point, at) => [
          label,
          point.x,
          point.y,
          ...(hasBands ? [band?.[at]?.low ?? null, band?.[at]?.high ?? null] : []),
        ]),
      ),
    }),
    scene: (width, height) => lineScene(model, width, height),
  }
}
