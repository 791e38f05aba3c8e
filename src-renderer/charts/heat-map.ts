/** Mean rows where there are more of them than can be told apart. */
export function bucketRows(rows: readonly (readonly number[])[], mostRows: number): readonly (readonly number[])[] {
  const perBucket = Math.ceil(rows.length / mostRows)
  if (perBucket <= 1) return rows
  return Array.from({ length: Math.ceil(rows.length / perBucket) }, (_, bucket) => {
    const part = rows.slice(bucket * perBucket, (bucket + 1) * perBucket)
    return part[0].map((_, column) => part.reduce((sum, row) => sum + row[column], 0) / part.length)
  })
}

type Colour = readonly [number, number, number]

/** Reads `#rrggbb`. */
export function parseColour(text: string): Colour {
  const value = Number.parseInt(text.trim().slice(1), 16)
  return [(value >> 16) & 255, (value >> 8) & 255, value & 255]
}

/**
 * Pixels (RGBA, one per cell) of a table of counts: 0 has the low colour, the largest count the high one. The square root
 * keeps small counts visible beside large ones.
 */
export function heatMapPixels(
  rows: readonly (readonly number[])[],
  low: Colour,
  high: Colour,
): Uint8ClampedArray<ArrayBuffer> {
  const columns = rows[0].length
  const largest = Math.max(1, ...rows.map((row) => Math.max(...row)))
  const pixels = new Uint8ClampedArray(rows.length * columns * 4)
  rows.forEach((row, y) => {
    row.forEach((count, x) => {
      const share = Math.sqrt(count / largest)
      const at = (y * columns + x) * 4
      for (let channel = 0; channel < 3; channel++) {
        pixels[at + channel] = low[channel] + (high[channel] - low[channel]) * share
      }
      pixels[at + 3] = 255
    })
  })
  return pixels
}
