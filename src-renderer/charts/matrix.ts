import { colourShare, type MatrixModel } from '@contract/figures/matrix-chart'

type Colour = readonly [number, number, number]

/** Pixels (RGBA, one per cell) of a matrix, from the low colour to the high one; cells without a value are transparent. */
export function matrixPixels(model: MatrixModel, low: Colour, high: Colour): Uint8ClampedArray<ArrayBuffer> {
  const { rows, columns, values } = model
  const width = Math.max(1, columns.length)
  const pixels = new Uint8ClampedArray(width * Math.max(1, rows.length) * 4)
  values.forEach((row, y) => {
    row.forEach((value, x) => {
      if (value === null) return
      const share = colourShare(model, value)
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
