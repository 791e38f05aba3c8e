import { paperColours } from './paper-colours'
import { place, textSize, type Scene, type Shape } from './scene'

const fontFamily = "'DejaVu Sans', 'Noto Sans', 'Noto Sans CJK SC', 'PingFang SC', 'Microsoft YaHei', sans-serif"

/**
 * A scene as an SVG file that stands alone: paper colours, no style sheet, no script, title and description for screen
 * readers. The same scene gives the same bytes.
 */
export function sceneSvg({ shapes, ...scene }: Scene, title: string, description: string): string {
  // Whole pixels: pictures of it then have no half-filled edge.
  const [width, height] = [Math.ceil(scene.width), Math.ceil(scene.height)]
  const size = `width="${width}" height="${height}"`
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" ${size} viewBox="0 0 ${width} ${height}" role="img" font-family="${fontFamily}" font-size="${textSize}">`,
    `<title>${escapeXml(title)}</title>`,
    `<desc>${escapeXml(description)}</desc>`,
    `<rect ${size} fill="${paperColour('surface')}"/>`,
    ...shapes.map(element),
    '</svg>',
    '',
  ].join('\n')
}

/** Text inside an element or an attribute of XML or HTML. Characters that XML cannot hold are left out. */
export function escapeXml(text: string): string {
  return text
    .replaceAll(/[^\t\n\r\u{20}-\u{D7FF}\u{E000}-\u{FFFD}\u{10000}-\u{10FFFF}]/gu, '')
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
}

function element(shape: Shape): string {
  switch (shape.kind) {
    case 'path': {
      const { d, stroke, width = 1, dash = [], fill, opacity, hint } = shape
      const attributes = [
        `d="${d}"`,
        `fill="${fill === undefined ? 'none' : paperColour(fill)}"`,
        ...(opacity === undefined ? [] : [`fill-opacity="${opacity}"`]),
        ...(stroke === undefined
          ? []
          : [`stroke="${paperColour(stroke)}" stroke-width="${width}" stroke-linejoin="round"`]),
        ...(dash.length === 0 ? [] : [`stroke-dasharray="${dash.join(' ')}"`]),
      ]
      return hint === undefined
        ? `<path ${attributes.join(' ')}/>`
        : `<path ${attributes.join(' ')}><title>${escapeXml(hint)}</title></path>`
    }
    case 'text': {
      const { x, y, text, anchor, colour, bold, turned } = shape
      const weight = bold === true ? ' font-weight="600"' : ''
      const turn = turned === true ? ` transform="rotate(-90 ${place(x)} ${place(y)})"` : ''
      return `<text x="${place(x)}" y="${place(y)}" text-anchor="${anchor}" fill="${paperColour(colour)}"${weight}${turn}>${escapeXml(text)}</text>`
    }
    case 'image': {
      const { x, y, width, height, href } = shape
      return `<image x="${place(x)}" y="${place(y)}" width="${place(width)}" height="${place(height)}" image-rendering="pixelated" href="${escapeXml(href)}"/>`
    }
    case 'cell': {
      const { x, y, width, height, share } = shape
      return `<rect x="${place(x)}" y="${place(y)}" width="${place(width)}" height="${place(height)}" fill="${between(share)}"/>`
    }
  }
}

function paperColour(token: string): string {
  const colour = paperColours[token]
  if (colour === undefined) throw new Error(`no paper colour is called ${token}`)
  return colour
}

/** Between the two ends of the heat maps' colours. */
function between(share: number): string {
  const channels = (token: string) =>
    [1, 3, 5].map((start) => Number.parseInt(paperColour(token).slice(start, start + 2), 16))
  const [low, high] = [channels('heat-low'), channels('heat-high')]
  const mixed = low.map((value, channel) => Math.round(value + (high[channel] - value) * share))
  return `#${mixed.map((value) => value.toString(16).padStart(2, '0')).join('')}`
}
