import type { Preferences } from '@contract/commands'
import { en, type Messages } from './en'
import { zhCN } from './zh-CN'

export type Locale = 'en' | 'zh-CN'

export const messages: Record<Locale, Messages> = { en, 'zh-CN': zhCN }

/** The language to show: the chosen one, or the system's when it is one of ours, else English. */
export function resolveLocale(preference: Preferences['locale'], systemLocale: string): Locale {
  if (preference !== 'system') return preference
  return systemLocale.toLowerCase().startsWith('zh') ? 'zh-CN' : 'en'
}
