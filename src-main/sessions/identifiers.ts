import { randomBytes } from 'node:crypto'

const pattern = /^[A-Za-z0-9_-]{1,64}$/

/** Ids name folders, so nothing else may pass. */
export function isIdentifier(text: string): boolean {
  return pattern.test(text)
}

/** An id that sorts by date and is read at a glance: `20260131-094512-3fa9c1` (UTC, then chance). */
export function newIdentifier(now = new Date()): string {
  const digits = now.toISOString().replace(/\D/g, '')
  return `${digits.slice(0, 8)}-${digits.slice(8, 14)}-${randomBytes(3).toString('hex')}`
}

/** Ids of things made together; they sort in the order in which they were made. */
export function newIdentifiers(count: number, now = new Date()): string[] {
  const together = newIdentifier(now)
  const width = String(count).length
  return Array.from({ length: count }, (_, index) => `${together}-${String(index + 1).padStart(width, '0')}`)
}
