import type { MaskPicture } from '@contract/commands'
import type { Figure } from '@contract/figures/figure'
import { paperColours } from '@contract/figures/paper-colours'
import { legendShapes, lineHeight, type Scene, type Shape } from '@contract/figures/scene'
import { parseColour } from '../../charts/heat-map'
import { fittingScale, maskLayout, maskSize } from './mask-layout'
import {
  cellState,
  cellStates,
  countStates,
  drawCells,
  drawOverview,
  type CellColours,
  type CellState,
  type MaskChange,
} from './mask-pixels'

export interface MaskFigureModel {
  /** Run, layer and update. */
  readonly title: string
  /** One sentence for those who cannot see the picture. */
  readonly description: string
  /** How rows and columns are to be read. */
  readonly caption: string
  readonly shape: MaskPicture['shape']
  readonly change: MaskChange
  readonly asKernels: boolean
  /** States that are told apart, in the order of the legend. */
  readonly states: readonly CellState[]
  readonly stateName: (state: CellState) => string
  readonly headings: Readonly<Record<'state' | 'weights' | 'share' | 'output' | 'input' | 'kernel', string>>
  readonly formatCount: (count: number) => string
  readonly formatShare: (share: number) => string
  /** Why the weights are not listed. */
  readonly tooMany: string
}

/** RGBA pixels as the address of a picture. */
type Encode = (pixels: Uint8ClampedArray<ArrayBuffer>, width: number, height: number) => string

/** Pixels of the saved picture per CSS pixel. */
const resolution = 2
const mostHeight = 420
/** More weights than this in a text file are of no use to anybody. */
const mostListed = 2_000_000

/**
 * The picture of a mask as a figure. It is saved with one square per weight, or shrunk as on the screen, in paper colours and
 * with its legend; the data are the weights that are or were active, one in a row, by output, input and place in the kernel.
 */
export function maskFigure(model: MaskFigureModel, encode: Encode): Figure {
  const { title, description, shape, change, states, stateName, headings, formatCount, formatShare } = model
  const { rows, columns } = maskSize(shape)
  return {
    title,
    description,
    table: () => {
      const counts = countStates(change, rows * columns)
      return {
        columns: [headings.state, headings.weights, headings.share],
        rows: states.map((state) => [
          stateName(state),
          formatCount(counts[state]),
          formatShare(counts[state] / (rows * columns)),
        ]),
      }
    },
    data: () => {
      const counts = countStates(change, rows * columns)
      if (rows * columns - counts.inactive > mostListed) throw new Error(model.tooMany)
      const kernelWidth = shape.at(3) ?? 1
      const kernel = shape.slice(2).reduce((product, size) => product * size, 1)
      const listed: (string | number)[][] = []
      for (let weight = 0; weight < rows * columns; weight++) {
        const state = cellStates[cellState(change, weight)]
        if (state === 'inactive') continue
        const inRow = weight % columns
        const inKernel = inRow % kernel
        const place = kernel === 1 ? [] : [`${Math.floor(inKernel / kernelWidth)} ${inKernel % kernelWidth}`]
        listed.push([Math.floor(weight / columns), Math.floor(inRow / kernel), ...place, stateName(state)])
      }
      return {
        columns: [headings.output, headings.input, ...(kernel === 1 ? [] : [headings.kernel]), headings.state],
        rows: listed,
      }
    },
    scene: (width) => maskScene(model, width, encode),
  }
}

function maskScene(model: MaskFigureModel, width: number, encode: Encode): Scene {
  const { shape, change, asKernels, states, stateName, caption } = model
  const left = 12
  const space = { width: (width - 2 * left) * resolution, height: mostHeight * resolution }
  const scale = fittingScale(shape, space, asKernels)
  const layout = maskLayout(shape, Math.floor(space.width / scale), asKernels)
  const drawn =
    scale < 1
      ? drawOverview(change, layout, Math.round(1 / scale), colours())
      : enlarged(drawCells(change, layout, { ...layout, x: 0, y: 0 }, colours()), layout.width, layout.height, scale)
  const top = 8
  const bottom = top + drawn.height / resolution
  const legend = legendShapes(
    states.map((state) => ({
      label: stateName(state),
      style: { colour: `mask-${state}`, dash: [], marker: 'rect' },
      line: false,
      marker: true,
    })),
    left,
    bottom + 4,
    width - 2 * left,
  )
  const shapes: Shape[] = [
    {
      kind: 'image',
      x: left,
      y: top,
      width: drawn.width / resolution,
      height: drawn.height / resolution,
      href: encode(drawn.pixels, drawn.width, drawn.height),
    },
    ...legend.shapes,
    {
      kind: 'text',
      x: left,
      y: bottom + 4 + legend.height + lineHeight - 4,
      text: caption,
      anchor: 'start',
      colour: 'muted',
    },
  ]
  return { width, height: bottom + 8 + legend.height + lineHeight, shapes }
}

function colours(): CellColours {
  const colour = (state: CellState) => parseColour(paperColours[`mask-${state}`] ?? '')
  return {
    inactive: colour('inactive'),
    kept: colour('kept'),
    pruned: colour('pruned'),
    grown: colour('grown'),
    regrown: colour('regrown'),
  }
}

/** Every pixel as a square, so that no program that shows the picture can blur it. */
function enlarged(pixels: Uint8ClampedArray<ArrayBuffer>, width: number, height: number, factor: number) {
  const words = new Uint32Array(pixels.buffer)
  const large = new Uint32Array(width * factor * height * factor)
  for (let y = 0; y < height * factor; y++) {
    const row = Math.floor(y / factor) * width
    for (let x = 0; x < width * factor; x++) large[y * width * factor + x] = words[row + Math.floor(x / factor)]
  }
  return { pixels: new Uint8ClampedArray(large.buffer), width: width * factor, height: height * factor }
}
