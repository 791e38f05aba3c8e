/** Something that has a cost x, the lower the better, and a worth y, the higher the better. */
interface Offer {
  readonly x: number
  readonly y: number
}

/** The offers that no other beats, in rising order of cost: none is at least as cheap and as good, and better in one. */
export function paretoFront<Item extends Offer>(offers: readonly Item[]): Item[] {
  const ordered = [...offers].sort((a, b) => a.x - b.x || b.y - a.y)
  const front: Item[] = []
  for (const offer of ordered) {
    const last = front.at(-1)
    if (last === undefined || offer.y > last.y || (offer.y === last.y && offer.x === last.x)) front.push(offer)
  }
  return front
}
