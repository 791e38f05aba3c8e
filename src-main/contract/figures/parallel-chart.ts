import { scaleLinear } from 'd3-scale'
import type { Figure } from './figure'
import type { LineStyle } from './line-chart'
import {
  legendShapes,
  lineHeight,
  polyline,
  textSize,
  textWidth,
  type LegendEntry,
  type Scene,
  type Shape,
} from './scene'
import type { FigureWords } from './words'

/** Parallel coordinates: an axis for each field and result, a line for each run. */
export interface ParallelModel {
  readonly title: string
  readonly axes: readonly ParallelAxis[]
  readonly lines: readonly { readonly id: string; readonly label: string; readonly style: LineStyle }[]
}

export interface ParallelAxis {
  readonly id: string
  readonly label: string
  readonly format: (value: number) => string
  /** One for each line, in their order. */
  readonly values: readonly (number | null)[]
  /** Values are the numbers 0 to choices − 1 of names. */
  readonly choices?: number
}

/** The part of each axis, by its id, that a line must go through; both ends count. */
export type Brushes = Readonly<Partial<Record<string, readonly [number, number]>>>

/** Least and greatest value of an axis, apart from each other. */
export function axisDomain({ values, choices }: ParallelAxis): readonly [number, number] {
  if (choices !== undefined) return [-0.25, Math.max(0.25, choices - 0.75)]
  const known = values.filter((value) => value !== null)
  const [low, high] = known.length === 0 ? [0, 1] : [Math.min(...known), Math.max(...known)]
  if (low < high) return [low, high]
  const room = Math.max(Math.abs(low) * 0.1, 1e-9)
  return [low - room, high + room]
}

/** Whether each line goes through every brush. */
export function brushed({ axes, lines }: ParallelModel, brushes: Brushes): boolean[] {
  return lines.map((_, line) =>
    axes.every(({ id, values }) => {
      const brush = brushes[id]
      const value = values[line]
      return brush === undefined || (value !== null && value >= brush[0] && value <= brush[1])
    }),
  )
}

export interface ParallelLayout {
  readonly top: number
  readonly bottom: number
  /** Where each axis stands. */
  readonly positions: readonly number[]
  /** From value to height. */
  readonly scales: readonly ((value: number) => number)[]
}

const margin = 56
const headings = 2.4 * lineHeight

export function parallelLayout({ axes }: ParallelModel, width: number, height: number): ParallelLayout {
  const top = headings + lineHeight
  const bottom = height - 1.5 * lineHeight
  const step = axes.length < 2 ? 0 : (width - 2 * margin) / (axes.length - 1)
  return {
    top,
    bottom,
    positions: axes.map((_, at) => margin + at * step),
    scales: axes.map((axis) => {
      const scale = scaleLinear().domain(axisDomain(axis)).range([bottom, top])
      return (value) => scale(value)
    }),
  }
}

export function parallelFigure(model: ParallelModel, brushes: Brushes, words: FigureWords, missing: string): Figure {
  const chosen = () => {
    const inside = brushed(model, brushes)
    return model.lines.map((line, at) => ({ line, at })).filter(({ at }) => inside[at])
  }
  const columns = [words.run, ...model.axes.map(({ label }) => label)]
  return {
    title: model.title,
    description: `${model.title}. ${model.axes.map(({ label }) => label).join(', ')}. ${chosen().length} / ${model.lines.length}`,
    table: () => ({
      columns,
      rows: chosen().map(({ line, at }) => [
        line.label,
        ...model.axes.map(({ values, format }) => {
          const value = values[at]
          return value === null ? missing : format(value)
        }),
      ]),
    }),
    data: () => ({
      columns,
      rows: chosen().map(({ line, at }) => [
        line.label,
        ...model.axes.map(({ values, choices, format }) => {
          const value = values[at]
          return value !== null && choices !== undefined ? format(value) : value
        }),
      ]),
    }),
    scene: (width, height) => parallelScene(model, brushes, width, height),
  }
}

function parallelScene(model: ParallelModel, brushes: Brushes, width: number, height: number): Scene {
  const { axes, lines } = model
  const { top, bottom, positions, scales } = parallelLayout(model, width, height)
  const inside = brushed(model, brushes)
  const shapes: Shape[] = []
  const drawLine = (at: number, chosen: boolean) => {
    const points = axes.flatMap(({ values }, axis): (readonly [number, number])[] => {
      const value = values[at]
      return value === null ? [] : [[positions[axis], scales[axis](value)]]
    })
    const { style, label } = lines[at]
    shapes.push({
      kind: 'path',
      d: polyline(points),
      stroke: chosen ? style.colour : 'line',
      width: chosen ? 1.4 : 1,
      dash: chosen ? style.dash : [],
      hint: label,
    })
  }
  // Those left out lie below the others.
  for (const chosen of [false, true])
    lines.forEach((_, at) => {
      if (inside[at] === chosen) drawLine(at, chosen)
    })
  axes.forEach((axis, at) => {
    const x = positions[at]
    shapes.push({
      kind: 'path',
      d: polyline([
        [x, top],
        [x, bottom],
      ]),
      stroke: 'line-strong',
      width: 1.2,
    })
    const anchor = at === 0 ? 'start' : at === axes.length - 1 ? 'end' : 'middle'
    const space = axes.length < 2 ? width : (width - 2 * margin) / (axes.length - 1) - 8
    const from = at === 0 ? 4 : at === axes.length - 1 ? width - 4 : x
    twoLines(axis.label, space).forEach((text, line) => {
      shapes.push({ kind: 'text', x: from, y: textSize + 2 + line * 14, text, anchor, colour: 'text' })
    })
    const known = axis.values.filter((value) => value !== null)
    if (axis.choices === undefined) {
      const label = { kind: 'text', x, anchor: 'middle', colour: 'muted' } as const
      if (known.length > 0)
        shapes.push(
          { ...label, y: top - 5, text: axis.format(Math.max(...known)) },
          { ...label, y: bottom + textSize + 3, text: axis.format(Math.min(...known)) },
        )
    }
    for (const value of Array.from({ length: axis.choices ?? 0 }, (_, choice) => choice)) {
      shapes.push({
        kind: 'text',
        x: at === axes.length - 1 ? x - 5 : x + 5,
        y: scales[at](value) + textSize * 0.35,
        text: axis.format(value),
        anchor: at === axes.length - 1 ? 'end' : 'start',
        colour: 'muted',
      })
    }
  })
  const legend = new Map<string, LegendEntry>()
  for (const { style, label } of lines) {
    const arm = label.slice(0, label.lastIndexOf(' · '))
    legend.set(arm, { label: arm, style, line: true, marker: false })
  }
  const { shapes: entries, height: legendHeight } = legendShapes([...legend.values()], 10, height + 4, width - 20)
  return { width, height: height + legendHeight + lineHeight / 2, shapes: [...shapes, ...entries] }
}

/** A heading in at most two lines that fit, cut where it must be. */
function twoLines(text: string, width: number): string[] {
  const lines: string[] = ['']
  for (const word of text.split(/(?<=\s)|(?<=[\u3000-\u9fff])/u)) {
    const last = lines.length - 1
    if (lines[last] === '' || textWidth(lines[last] + word) <= width) lines[last] += word
    else if (lines.length < 2) lines.push(word)
    else {
      lines[last] = `${lines[last].trimEnd()}…`
      break
    }
  }
  return lines
}
