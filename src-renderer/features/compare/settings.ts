import { fieldShape, type Experiment, type ExperimentField } from '@contract/experiment'
import { distinguishingFields } from '@contract/figures/arms'
import type { Formatter } from '@contract/format'
import type { Messages } from '../../i18n/en'
import { optionWords } from '../../i18n/option-words'

/** For each experiment the number of its setting, in order of first appearance: 0 for all when they differ in arm and seed alone. */
export function settingNumbers(experiments: readonly Experiment[]): number[] {
  const fields = distinguishingFields(experiments)
  const keys: string[] = []
  return experiments.map((experiment) => {
    const key = JSON.stringify(fields.map((name) => experiment[name]))
    if (!keys.includes(key)) keys.push(key)
    return keys.indexOf(key)
  })
}

/** The given fields of an experiment in words, e.g. "Readjustment ratio R 0.5, Rounds 20"; empty without fields. */
export function settingText(
  experiment: Experiment,
  fields: readonly ExperimentField[],
  words: Messages,
  format: Formatter,
): string {
  return fields
    .map((name) => {
      const value = experiment[name]
      if (value === null) return `${words.fields[name].label} ${words.setup.automatic}`
      const text =
        fieldShape(name).kind === 'choice' ? optionWords(words, name, String(value)) : format.number(Number(value))
      return `${words.fields[name].label} ${text}`
    })
    .join(', ')
}
