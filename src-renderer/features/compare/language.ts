import type { Language } from '@contract/figures/views'
import { fieldShape } from '@contract/experiment'
import type { Formatter } from '@contract/format'
import type { Messages } from '../../i18n/en'
import { optionWords } from '../../i18n/option-words'
import { settingText } from './settings'

/** Figures in the language of the window. */
export function figureLanguage(words: Messages, format: Formatter): Language {
  return {
    words: words.figures,
    format,
    labels: {
      method: (method) => words.arms[method],
      setting: (experiment, fields) => settingText(experiment, fields, words, format),
      field: (field) => words.fields[field].label,
      fieldValue: (experiment, field) => {
        const value = experiment[field]
        if (value === null) return words.setup.automatic
        return fieldShape(field).kind === 'choice'
          ? optionWords(words, field, String(value))
          : format.number(Number(value))
      },
    },
  }
}
