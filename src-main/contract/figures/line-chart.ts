/** Charts are pure data first: what is drawn, before anything is drawn. */

export interface Point {
  readonly x: number
  readonly y: number
}

export interface BandPoint {
  readonly x: number
  readonly low: number
  readonly high: number
}

export type Marker = 'circle' | 'rect' | 'triangle' | 'rectRot' | 'star' | 'crossRot'

export interface LineStyle {
  /** Name of a colour token without its dashes, e.g. `arm-dynamic`. */
  readonly colour: string
  readonly dash: readonly number[]
  readonly marker: Marker
}

export interface Series {
  readonly id: string
  readonly label: string
  readonly style: LineStyle
  /** In rising order of x. */
  readonly points: readonly Point[]
  /** Shaded around the line; null for a single run. */
  readonly band: readonly BandPoint[] | null
  /** `only` draws points without a line, `none` a line without markers. */
  readonly markers?: 'only' | 'none'
}

export interface Axis {
  readonly label: string
  readonly format: (value: number) => string
  readonly minimum?: number
  readonly maximum?: number
  /** What values cannot leave, as a share 0 and 1: an interval that does is cut off there. */
  readonly limits?: readonly [number, number]
  /** Ticks at whole numbers only, as for rounds. */
  readonly whole?: boolean
}

export interface LineChartModel {
  readonly title: string
  readonly x: Axis
  readonly y: Axis
  readonly series: readonly Series[]
}

export interface ChartTable {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly string[])[]
}

/** More rows than this are thinned: a table is to be read. */
const mostRows = 1000

/**
 * The numbers behind a chart. Series over the same x share rows; otherwise (for instance over megabytes, which differ from
 * run to run) every point has a row of its own.
 */
export function chartTable(model: LineChartModel, seriesHeading: string, missing: string): ChartTable {
  const { series, x, y } = model
  const positions = [...new Set(series.flatMap(({ points }) => points.map((point) => point.x)))].sort((a, b) => a - b)
  const longest = Math.max(0, ...series.map(({ points }) => points.length))
  if (positions.length <= 2 * longest) {
    const values = series.map(({ points }) => new Map(points.map((point) => [point.x, point.y])))
    const cell = (value: number | undefined) => (value === undefined ? missing : y.format(value))
    return {
      columns: [x.label, ...series.map(({ label }) => label)],
      rows: thin(positions).map((at) => [x.format(at), ...values.map((column) => cell(column.get(at)))]),
    }
  }
  return {
    columns: [seriesHeading, x.label, y.label],
    rows: thin(
      series.flatMap(({ label, points }) => points.map((point) => [label, x.format(point.x), y.format(point.y)])),
    ),
  }
}

function thin<Row>(rows: readonly Row[]): readonly Row[] {
  const step = Math.ceil(rows.length / mostRows)
  return step <= 1 ? rows : rows.filter((_, index) => index % step === 0 || index === rows.length - 1)
}

/** One sentence for those who cannot see the picture: each series with its last value. */
export function chartSummary({ title, x, y, series }: LineChartModel): string {
  const last = series.flatMap(({ label, points }) => {
    const point = points.at(-1)
    return point === undefined ? [] : [`${label}: ${y.format(point.y)}`]
  })
  return [`${title}. ${y.label} / ${x.label}.`, last.join('; ')].join(' ').trim()
}
