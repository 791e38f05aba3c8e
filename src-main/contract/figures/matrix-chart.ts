import type { Figure } from './figure'
import { lineHeight, textSize, textWidth, type Scene, type Shape } from './scene'
import type { FigureWords } from './words'

/** A table of values drawn as colours; every chart of this kind is this data first. */
export interface MatrixModel {
  readonly title: string
  readonly rowHeading: string
  readonly columnHeading: string
  readonly rows: readonly string[]
  readonly columns: readonly string[]
  /** `values[row][column]`; null where there is none. */
  readonly values: readonly (readonly (number | null)[])[]
  /** Ends of the colour scale. */
  readonly minimum: number
  readonly maximum: number
  readonly format: (value: number) => string
}

/** Place of a value on the colour scale, 0 to 1. */
export function colourShare({ minimum, maximum }: Pick<MatrixModel, 'minimum' | 'maximum'>, value: number): number {
  return maximum === minimum ? 0 : Math.min(1, Math.max(0, (value - minimum) / (maximum - minimum)))
}

/** One sentence for those who cannot see the picture: each row with its last value. */
export function matrixSummary({ title, rows, values, columnHeading, format }: MatrixModel, missing: string): string {
  const last = rows.slice(0, 12).map((name, row) => {
    const value = values[row]?.at(-1) ?? null
    return `${name}: ${value === null ? missing : format(value)}`
  })
  return `${title}. ${columnHeading}. ${last.join('; ')}`
}

/** More columns than this are thinned in the table: it is to be read. */
const mostTableRows = 500
/** More cells than this on a side cannot be told apart on paper; neighbours are averaged. */
const mostCells = 150

export function matrixFigure(model: MatrixModel, words: FigureWords, missing: string): Figure {
  const { title, rows, columns, values, format, rowHeading, columnHeading } = model
  const step = Math.ceil(columns.length / mostTableRows)
  return {
    title,
    description: matrixSummary(model, missing),
    table: () => ({
      columns: [columnHeading, ...rows],
      rows: columns.flatMap((name, column) =>
        column % step === 0
          ? [[name, ...values.map((row) => (row[column] === null ? missing : format(row[column])))]]
          : [],
      ),
    }),
    data: () => ({
      columns: [rowHeading, columnHeading, words.value],
      rows: values.flatMap((row, at) => row.map((value, column) => [rows[at], columns[column], value])),
    }),
    scene: (width) => matrixScene(model, width),
  }
}

function matrixScene(model: MatrixModel, width: number): Scene {
  const { rows, columns, values, minimum, maximum, format, columnHeading } = model
  const perRow = Math.max(1, Math.ceil(rows.length / mostCells))
  const perColumn = Math.max(1, Math.ceil(columns.length / mostCells))
  const left = 12 + Math.min(200, Math.max(20, ...rows.map(textWidth)))
  const down = Math.max(1, Math.ceil(rows.length / perRow))
  const across = Math.max(1, Math.ceil(columns.length / perColumn))
  const cellHeight = Math.max(2, Math.min(22, 360 / down))
  const cellWidth = (width - left - 12) / across
  const top = 8
  const bottom = top + down * cellHeight
  const shapes: Shape[] = []
  for (let row = 0; row < down; row++)
    for (let column = 0; column < across; column++) {
      const inside = values
        .slice(row * perRow, (row + 1) * perRow)
        .flatMap((line) => line.slice(column * perColumn, (column + 1) * perColumn))
        .filter((value) => value !== null)
      if (inside.length === 0) continue
      const mean = inside.reduce((sum, value) => sum + value, 0) / inside.length
      shapes.push({
        kind: 'cell',
        x: left + column * cellWidth,
        y: top + row * cellHeight,
        // Neighbours overlap a little: between edges that only touch, a viewer shows the ground.
        width: cellWidth + (column < across - 1 ? 0.4 : 0),
        height: cellHeight + (row < down - 1 ? 0.4 : 0),
        share: colourShare(model, mean),
      })
    }
  const rowStep = Math.max(1, Math.ceil(13 / cellHeight))
  for (let row = 0; row < down; row += rowStep)
    shapes.push({
      kind: 'text',
      x: left - 6,
      y: top + (row + 0.5) * cellHeight + textSize * 0.35,
      text: rows[row * perRow] ?? '',
      anchor: 'end',
      colour: 'muted',
    })
  const widest = Math.max(24, ...columns.map((name) => textWidth(name) + 10))
  const columnStep = Math.max(1, Math.ceil(widest / cellWidth))
  for (let column = 0; column < across; column += columnStep)
    shapes.push({
      kind: 'text',
      x: left + (column + 0.5) * cellWidth,
      y: bottom + lineHeight,
      text: columns[column * perColumn] ?? '',
      anchor: 'middle',
      colour: 'muted',
    })
  shapes.push({
    kind: 'text',
    x: left + (width - left - 12) / 2,
    y: bottom + 2.1 * lineHeight,
    text: columnHeading,
    anchor: 'middle',
    colour: 'muted',
  })
  const scaleTop = bottom + 2.6 * lineHeight
  const steps = 24
  const from = left + textWidth(format(minimum)) + 6
  for (let step = 0; step < steps; step++)
    shapes.push({
      kind: 'cell',
      x: from + step * 5,
      y: scaleTop,
      width: step < steps - 1 ? 5.4 : 5,
      height: 10,
      share: step / (steps - 1),
    })
  const label = { kind: 'text', y: scaleTop + 9, colour: 'muted' } as const
  shapes.push({ ...label, x: from - 6, anchor: 'end', text: format(minimum) })
  shapes.push({ ...label, x: from + steps * 5 + 6, anchor: 'start', text: format(maximum) })
  return { width, height: scaleTop + lineHeight, shapes }
}
