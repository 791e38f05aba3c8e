export interface KeyPress {
  readonly key: string
  readonly ctrlKey: boolean
  readonly metaKey: boolean
  readonly shiftKey: boolean
  readonly altKey: boolean
}

/** Whether a key press is the shortcut. A shortcut without Mod must not steal the letters of a text field. */
export function matchesKeys(keys: string, press: KeyPress, typing: boolean): boolean {
  const parts = keys.split('+')
  const needsMod = parts.includes('Mod')
  const key = parts[parts.length - 1]
  if (press.altKey !== parts.includes('Alt') || needsMod !== (press.ctrlKey || press.metaKey)) return false
  if (!needsMod) return !typing && press.key.toLowerCase() === key.toLowerCase()
  return press.shiftKey === parts.includes('Shift') && press.key.toLowerCase() === key.toLowerCase()
}

/** The keys as printed on the keyboard in use. */
export function keyCaps(keys: string, mac: boolean): string[] {
  const names: Record<string, string> = mac ? { Mod: '⌘', Shift: '⇧', Alt: '⌥', Enter: '↩' } : { Mod: 'Ctrl' }
  return keys.split('+').map((key) => names[key] ?? (key.length === 1 ? key.toUpperCase() : key))
}
