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

type Colour = readonly [number, number, number]

/** Pixels (RGBA, one per cell) of a matrix, from the low colour to the high one; cells without a value are transparent. */
export function matrixPixels(
  { rows, columns, values, minimum, maximum }: MatrixModel,
  low: Colour,
  high: Colour,
): Uint8ClampedArray<ArrayBuffer> {
  const width = Math.max(1, columns.length)
  const pixels = new Uint8ClampedArray(width * Math.max(1, rows.length) * 4)
  values.forEach((row, y) => {
    row.forEach((value, x) => {
      if (value === null) return
      const share = maximum === minimum ? 0 : Math.min(1, Math.max(0, (value - minimum) / (maximum - minimum)))
      const at = (y * width + x) * 4
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = low[channel] + (high[channel] - low[channel]) * share
      }
      pixels[at + 3] = 255
    })
  })
  return pixels
}

/** Largest value of a matrix, at least `least`: the upper end of a scale that begins at 0. */
export function largestValue(values: MatrixModel['values'], least: number): number {
  return values.reduce((most, row) => row.reduce<number>((so, value) => Math.max(so, value ?? so), most), least)
}

/** One sentence for those who cannot see the picture: each row with its last value. */
export function matrixSummary({ title, rows, values, columnHeading, format }: MatrixModel, missing: string): string {
  const last = rows.slice(0, 12).map((name, row) => {
    const value = values[row]?.at(-1) ?? null
    return `${name}: ${value === null ? missing : format(value)}`
  })
  return `${title}. ${columnHeading}. ${last.join('; ')}`
}
