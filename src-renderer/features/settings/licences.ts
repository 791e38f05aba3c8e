import { z } from 'zod'

const noticesSchema = z.array(
  z.object({ name: z.string(), version: z.string(), licence: z.string(), text: z.string() }),
)
export type Notice = z.output<typeof noticesSchema>[number]

/** The third-party notices that the build left beside the page; null where it was not built with them. */
export async function loadNotices(): Promise<readonly Notice[] | null> {
  try {
    const response = await fetch('/licences.json')
    return response.ok ? noticesSchema.parse(await response.json()) : null
  } catch {
    return null
  }
}

/** Notices whose package or licence contains every word of the search. */
export function matchingNotices(notices: readonly Notice[], search: string): readonly Notice[] {
  const words = search.toLowerCase().split(/\s+/)
  return notices.filter(({ name, version, licence }) => {
    const text = `${name} ${version} ${licence}`.toLowerCase()
    return words.every((word) => text.includes(word))
  })
}
