import type { guideEn } from '../../i18n/guide.en'
import type { PageName } from '../../state/laboratory.svelte'

interface TourStep {
  readonly name: keyof (typeof guideEn)['steps']
  readonly page: PageName
  /** Selector of what it is about. */
  readonly target: string
}

const named = (name: string) => `[data-testid="${name}"]`

/** From the question to the file that is sent away. */
export const tourSteps: readonly TourStep[] = [
  { name: 'question', page: 'setup', target: named('templates') },
  { name: 'preview', page: 'setup', target: named('preview') },
  { name: 'launch', page: 'setup', target: named('launch-ablation') },
  { name: 'runs', page: 'runs', target: named('runs') },
  { name: 'compare', page: 'compare', target: `${named('page-compare')} section` },
  { name: 'masks', page: 'layers', target: named('mask') },
  { name: 'invariants', page: 'layers', target: named('invariants') },
  { name: 'sessions', page: 'sessions', target: named('session-details') },
  { name: 'keys', page: 'sessions', target: named('open-help') },
]
