import type { Experiment } from './experiment'
import { methods } from './methods'
import type { RoundRecord } from './records'

/**
 * Two quantities that must not be mixed: the accuracy of the one global model on the whole test set, and, for methods
 * whose clients each have a model of their own, the mean over clients of their accuracy on their own test images.
 */
export type AccuracyKind = 'global' | 'own'

/** Which of the two a run is judged by. */
export function accuracyKind({ method }: Pick<Experiment, 'method'>): AccuracyKind {
  return 'personalised' in methods[method] ? 'own' : 'global'
}

/** The accuracy by which a round is judged; null when it was not evaluated. */
export function accuracyOf(record: RoundRecord): number | null {
  return record.clientAccuracyModel === 'own' ? localAccuracy(record) : record.globalAccuracy
}

/**
 * Mean over the clients that have test images of the accuracy there, of the global model or of each client's own. Null
 * when the round was not evaluated.
 */
export function localAccuracy({ clientAccuracies }: RoundRecord): number | null {
  const known = clientAccuracies?.filter((accuracy) => accuracy !== null) ?? []
  return known.length === 0 ? null : known.reduce((sum, accuracy) => sum + accuracy, 0) / known.length
}
