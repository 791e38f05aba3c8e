import { preferencesSchema, type Preferences } from '@contract/commands'
import { createFormatter } from '@contract/format'
import { engineZhCN } from '../i18n/engine.zh-CN'
import { messages, resolveLocale } from '../i18n/locale'
import { sentenceTranslator } from '../i18n/said'

const toChinese = sentenceTranslator(engineZhCN)
const unchanged = (text: string) => text

/** Preferences and what follows from them: theme, language, words and number formats. */
export class PreferencesState {
  value = $state.raw<Preferences>(preferencesSchema.parse({ tourSeen: true }))
  systemLocale = $state.raw(navigator.language)
  #systemDark = $state(false)

  readonly theme = $derived(
    this.value.theme === 'system' ? (this.#systemDark ? ('dark' as const) : ('light' as const)) : this.value.theme,
  )
  readonly locale = $derived(resolveLocale(this.value.locale, this.systemLocale))
  readonly words = $derived(messages[this.locale])
  /** What the engine said, in the language of the window as far as the catalogue knows it. */
  readonly said = $derived(this.locale === 'zh-CN' ? toChinese : unchanged)
  readonly format = $derived(createFormatter(this.locale, this.words))

  constructor() {
    const dark = matchMedia('(prefers-color-scheme: dark)')
    this.#systemDark = dark.matches
    dark.addEventListener('change', (event) => {
      this.#systemDark = event.matches
    })
  }
}
