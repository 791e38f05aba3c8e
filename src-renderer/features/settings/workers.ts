import { preferencesSchema } from '@contract/commands'

/** Worker threads as typed: null when left empty (automatic), undefined when it is not allowed. */
export function parseWorkers(text: string): number | null | undefined {
  const value = text.trim() === '' ? null : Number(text)
  const parsed = preferencesSchema.shape.workers.safeParse(value)
  return parsed.success ? parsed.data : undefined
}
