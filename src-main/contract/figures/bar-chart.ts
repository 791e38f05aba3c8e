import type { Figure } from './figure'
import { lineHeight, textSize, textWidth, type Scene, type Shape } from './scene'

/** A bar from 0 to 1 for each row. */
export interface ShareBarsModel {
  readonly title: string
  readonly rowHeading: string
  readonly valueHeading: string
  readonly colour: string
  readonly rows: readonly { readonly label: string; readonly share: number; readonly detail: string }[]
  readonly format: (share: number) => string
}

export function shareBarsFigure(model: ShareBarsModel): Figure {
  const { title, rowHeading, valueHeading, rows, format } = model
  return {
    title,
    description: `${title}. ${rows.map(({ label, share }) => `${label}: ${format(share)}`).join('; ')}`,
    table: () => ({
      columns: [rowHeading, valueHeading, ''],
      rows: rows.map(({ label, share, detail }) => [label, format(share), detail]),
    }),
    data: () => ({
      columns: [rowHeading, valueHeading],
      rows: rows.map(({ label, share }) => [label, share]),
    }),
    scene: (width) => shareBarsScene(model, width),
  }
}

const rowHeight = 22

function shareBarsScene({ rows, colour, format, valueHeading }: ShareBarsModel, width: number): Scene {
  const left = 14 + Math.max(0, ...rows.map(({ label }) => textWidth(label)))
  const after = 12 + Math.max(0, ...rows.map(({ detail, share }) => textWidth(`${format(share)} ${detail}`)))
  const whole = Math.max(40, width - left - after)
  const shapes = rows.flatMap(({ label, share, detail }, at): Shape[] => {
    const top = 6 + at * rowHeight
    const bar = (part: number) => `M${left} ${top + 3}h${(part * whole).toFixed(2)}v12h${(-part * whole).toFixed(2)}Z`
    const text = { kind: 'text', y: top + 9 + textSize * 0.35 } as const
    return [
      { ...text, x: left - 6, text: label, anchor: 'end', colour: 'text' },
      { kind: 'path', d: bar(1), stroke: 'line', width: 1 },
      { kind: 'path', d: bar(share), fill: colour },
      { ...text, x: left + whole + 6, text: `${format(share)} ${detail}`, anchor: 'start', colour: 'muted' },
    ]
  })
  const bottom = 6 + rows.length * rowHeight
  shapes.push({
    kind: 'text',
    x: left + whole / 2,
    y: bottom + lineHeight,
    text: valueHeading,
    anchor: 'middle',
    colour: 'muted',
  })
  return { width, height: bottom + 1.6 * lineHeight, shapes }
}
