/** Where the weights of a mask lie in its picture, in cells: one cell is one weight, or empty. */
export interface MaskLayout {
  readonly width: number
  readonly height: number
  /** Bands of columns, one below the other, that the picture is cut into. */
  readonly bands: number
  /** Units that a row or column of blocks stands for. */
  readonly outputs: number
  readonly inputs: number
  readonly kernelHeight: number
  readonly kernelWidth: number
  /** Size of a block with the gap behind it: 1 × 1 without kernels. */
  readonly blockHeight: number
  readonly blockWidth: number
  /** Blocks side by side in a band. */
  readonly bandInputs: number
}

const bandGap = 3

/** Rows are outputs, columns inputs × kernel. */
export function maskSize(shape: readonly number[]): { readonly rows: number; readonly columns: number } {
  return { rows: shape[0], columns: shape.slice(1).reduce((product, size) => product * size, 1) }
}

/** Whether a layer has kernels that can be drawn as such. */
export function hasKernels(shape: readonly number[]): boolean {
  return shape.length === 4 && shape[2] * shape[3] > 1
}

/**
 * The layout of a mask at most `widest` cells wide: what does not fit goes on in further bands of equal width below.
 * `asKernels` draws each kernel as a block with a gap around it; otherwise rows are outputs and columns inputs × kernel.
 */
export function maskLayout(shape: readonly number[], widest: number, asKernels: boolean): MaskLayout {
  const { rows, columns } = maskSize(shape)
  const isBlocks = asKernels && hasKernels(shape)
  const [kernelHeight, kernelWidth] = isBlocks ? [shape[2], shape[3]] : [1, 1]
  const gap = isBlocks ? 1 : 0
  const [blockHeight, blockWidth] = [kernelHeight + gap, kernelWidth + gap]
  const inputs = isBlocks ? shape[1] : columns
  const bands = Math.ceil(inputs / Math.max(1, Math.floor(widest / blockWidth)))
  const bandInputs = Math.ceil(inputs / bands)
  return {
    width: bandInputs * blockWidth,
    height: bands * rows * blockHeight + (bands - 1) * bandGap,
    bands,
    outputs: rows,
    inputs,
    kernelHeight,
    kernelWidth,
    blockHeight,
    blockWidth,
    bandInputs,
  }
}

/** Index of the weight in a cell, in the order of the mask; −1 for a gap. */
export function weightAt(layout: MaskLayout, x: number, y: number): number {
  const { outputs, inputs, kernelHeight, kernelWidth, blockHeight, blockWidth, bandInputs } = layout
  const bandHeight = outputs * blockHeight + bandGap
  const band = Math.floor(y / bandHeight)
  const inBand = y - band * bandHeight
  const output = Math.floor(inBand / blockHeight)
  const row = inBand - output * blockHeight
  const block = Math.floor(x / blockWidth)
  const column = x - block * blockWidth
  const input = band * bandInputs + block
  if (output >= outputs || block >= bandInputs || input >= inputs || row >= kernelHeight || column >= kernelWidth) {
    return -1
  }
  return ((output * inputs + input) * kernelHeight + row) * kernelWidth + column
}

/** Screen pixels per weight, as large as whole numbers allow for the picture to fit; below 1 it is 1/n for a picture that must shrink. */
export function fittingScale(
  shape: readonly number[],
  space: { readonly width: number; readonly height: number },
  asKernels: boolean,
): number {
  const largest = 24
  for (let scale = largest; scale >= 1; scale--) {
    const { width, height } = maskLayout(shape, Math.floor(space.width / scale), asKernels)
    if (height * scale <= space.height && width * scale <= space.width) return scale
  }
  if (asKernels && hasKernels(shape)) return 1
  for (let shrink = 2; shrink < 64; shrink++) {
    const { width, height } = maskLayout(shape, Math.floor(space.width * shrink), false)
    if (height <= space.height * shrink && width <= space.width * shrink) return 1 / shrink
  }
  return 1 / 64
}
