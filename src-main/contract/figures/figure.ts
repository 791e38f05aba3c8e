import Papa from 'papaparse'
import type { ChartTable } from './line-chart'
import type { Scene } from './scene'
import { sceneSvg } from './svg'

/** Numbers as they are, one observation in a row, for other programs. */
export interface TidyData {
  readonly columns: readonly string[]
  readonly rows: readonly (readonly (string | number | null)[])[]
}

/** What every chart is: something to look at, to read as a table, to hear in one sentence, and to take away. */
export interface Figure {
  readonly title: string
  /** One sentence for those who cannot see the picture. */
  readonly description: string
  /** Formatted, for reading. */
  table(): ChartTable
  data(): TidyData
  /** The picture with its legend. The height is that of the plot; a legend adds to it. */
  scene(width: number, height: number): Scene
}

/** Size of a saved picture, in CSS pixels: as wide as a text column. */
const paperSize = { width: 640, height: 380 } as const

export function figureSvg(figure: Figure): string {
  return sceneSvg(figure.scene(paperSize.width, paperSize.height), figure.title, figure.description)
}

/** The data of a figure as CSV, or separated by tabs as spreadsheets paste it. */
export function figureText(figure: Figure, separator: ',' | '\t' = ','): string {
  const { columns, rows } = figure.data()
  return `${Papa.unparse({ fields: [...columns], data: rows.map((row) => [...row]) }, { newline: '\n', delimiter: separator })}\n`
}

/** A name for the file of a figure: the title without what file systems refuse. */
export function figureFileName(title: string): string {
  const name = title.replaceAll(/[^\p{L}\p{N}._-]+/gu, '-').replaceAll(/^[-.]+|[-.]+$/g, '')
  return name === '' ? 'figure' : name.slice(0, 80)
}
