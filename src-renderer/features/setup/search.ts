import { fieldMetadata, fieldShape, type ExperimentField } from '@contract/experiment'
import type { Messages } from '../../i18n/en'
import { optionWords } from '../../i18n/option-words'

/** Fields that a search text names by label, help, group, flag or option; every word of it must be found. */
export function matchingFields(
  names: readonly ExperimentField[],
  search: string,
  words: Messages,
): readonly ExperimentField[] {
  const parts = search
    .toLowerCase()
    .split(/\s+/)
    .filter((part) => part !== '')
  if (parts.length === 0) return names
  return names.filter((name) => {
    const { flag, group, source } = fieldMetadata(name)
    const shape = fieldShape(name)
    const options =
      shape.kind === 'choice' ? shape.options.map((option) => `${option} ${optionWords(words, name, option)}`) : []
    const { label, help } = words.fields[name]
    const text = [name, label, help, flag, words.groups[group], source ?? '', ...options].join(' ').toLowerCase()
    return parts.every((part) => text.includes(part))
  })
}
