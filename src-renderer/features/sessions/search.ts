import type { SessionEntry } from '@contract/records'

/**
 * Sessions in which every word of the query is found: in name, notes, tags, or in what `methodsOf` says of their runs. A word
 * that begins with # must be a tag.
 */
export function findSessions(
  sessions: readonly SessionEntry[],
  query: string,
  methodsOf: (entry: SessionEntry) => readonly string[],
): readonly SessionEntry[] {
  const words = query
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '')
  if (words.length === 0) return sessions
  return sessions.filter((entry) => {
    const { name, notes, tags } = entry.manifest
    const lowerTags = tags.map((tag) => tag.toLowerCase())
    const text = [name, notes, ...tags, ...methodsOf(entry)].join('\n').toLowerCase()
    return words.every((word) =>
      word.startsWith('#') && word.length > 1
        ? lowerTags.some((tag) => tag.startsWith(word.slice(1)))
        : text.includes(word),
    )
  })
}

/** Tags as typed, separated by commas; each once, without its #, at most 30 of 50 characters. */
export function parseTags(text: string): string[] {
  const tags = text.split(/[,，、]/).map((tag) => tag.trim().replace(/^#/, '').trim().slice(0, 50))
  return [...new Set(tags.filter((tag) => tag !== ''))].slice(0, 30)
}
