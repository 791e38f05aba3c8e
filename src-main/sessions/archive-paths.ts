/** What an archive may hold: nothing that could land outside the session's folder or hide in it. */

/** Names that Windows keeps for devices, with or without an ending. */
const deviceName = /^(con|prn|aux|nul|com\d|lpt\d)(\.|$)/i
const segment = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}$/
const deepest = 6

/** Why a path may not be in an archive, in words; null when it may. */
export function archivePathProblem(path: string): string | null {
  if (path === '' || path.startsWith('/') || /^[A-Za-z]:/.test(path) || path.includes('\\')) {
    return 'is not a relative path with forward slashes'
  }
  const segments = path.split('/')
  if (segments.includes('..') || segments.includes('.')) return 'leads out of the session'
  if (segments.length > deepest) return `lies deeper than ${deepest} folders`
  const wrong = segments.find((name) => !segment.test(name) || name.endsWith('.') || deviceName.test(name))
  if (wrong !== undefined) return 'has a name that no session uses'
  return null
}
