import type { Experiment } from '@contract/experiment'
import { distinguishingFields } from '@contract/figures/arms'
import type { Formatter } from '@contract/format'
import type { RunManifest } from '@contract/records'
import type { Messages } from '../../i18n/en'
import { settingText } from '../compare/settings'

export interface RunNames {
  /** What tells a run apart from those of its method and seed; empty where nothing does. */
  readonly details: (experiment: Experiment) => string
  /** Method and seed, and the details behind a dot. */
  readonly name: (run: Pick<RunManifest, 'experiment'>) => string
}

/** Names for the runs of a session, as short as they can be told apart. */
export function runNames(runs: readonly RunManifest[], words: Messages, format: Formatter): RunNames {
  const differing = distinguishingFields(runs.map(({ experiment }) => experiment))
  const details = (experiment: Experiment) => settingText(experiment, differing, words, format)
  return {
    details,
    name: ({ experiment }) => {
      const name = words.runs.runName(words.arms[experiment.method], String(experiment.seed))
      const setting = details(experiment)
      return setting === '' ? name : `${name} · ${setting}`
    },
  }
}
