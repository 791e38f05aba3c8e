import type { ExperimentField } from '@contract/experiment'
import type { MethodName } from '@contract/methods'
import type { Messages } from './en'

/** What the window calls an option of a field; where two fields share an option, the words of one are kept under `field.option`. */
export function optionWords(words: Messages, field: ExperimentField, option: string): string {
  if (field === 'method') return words.arms[option as MethodName]
  const [kind, card] = option.split(':', 2) as [string, string?]
  if (field === 'device' && card !== undefined) return `${words.options[kind]} ${card}`
  return words.options[`${field}.${option}`] ?? words.options[option]
}
