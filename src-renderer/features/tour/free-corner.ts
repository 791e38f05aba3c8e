/** Corners of the window in the order in which they are tried. */
const corners = ['bottom-right', 'bottom-left', 'top-right', 'top-left'] as const
export type Corner = (typeof corners)[number]

interface Size {
  readonly width: number
  readonly height: number
}

/** From the edge of the window to the card; the frame around what is shown takes a part of it. */
const margin = 20

/** The first corner of the window in which a card covers nothing of `target`; where there is none, the one in which it covers least. Lengths are CSS pixels. */
export function freeCorner(
  target: Pick<DOMRect, 'left' | 'right' | 'top' | 'bottom'>,
  card: Size,
  window: Size,
): Corner {
  const covered = (corner: Corner) => {
    const left = corner.endsWith('left') ? margin : window.width - margin - card.width
    const top = corner.startsWith('top') ? margin : window.height - margin - card.height
    const width = Math.min(target.right, left + card.width) - Math.max(target.left, left)
    const height = Math.min(target.bottom, top + card.height) - Math.max(target.top, top)
    return Math.max(0, width) * Math.max(0, height)
  }
  return corners.reduce((best, corner) => (covered(corner) < covered(best) ? corner : best))
}
