const largestSeed = 4_294_967_295
const mostSeeds = 100

/** Reads "0, 1, 2" or "0-4"; repeated seeds count once. Null when the text is not a list of 1 to 100 seeds. */
export function parseSeeds(text: string): number[] | null {
  const seeds = new Set<number>()
  for (const part of text.split(/[\s,;，；、]+/).filter((piece) => piece !== '')) {
    const range = /^(\d{1,10})(?:[-–](\d{1,10}))?$/.exec(part)
    if (range === null) return null
    const first = Number(range[1])
    const end = range.at(2)
    const last = end === undefined ? first : Number(end)
    if (last < first || last > largestSeed || last - first >= mostSeeds) return null
    for (let seed = first; seed <= last; seed++) seeds.add(seed)
  }
  return seeds.size === 0 || seeds.size > mostSeeds ? null : [...seeds]
}
