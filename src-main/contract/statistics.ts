import jStat from 'jstat'
import { mean, sampleStandardDeviation } from 'simple-statistics'

/**
 * What repetitions can carry. Runs of one seed share partition, client sampling and initial weights, so arms are compared by
 * their differences seed by seed; a t interval says how far the mean of few seeds can be trusted.
 */

/** Mean and sample standard deviation over seeds; the deviation of one value is null. */
export interface Spread {
  readonly n: number
  readonly mean: number
  readonly deviation: number | null
}

export interface Interval {
  readonly low: number
  readonly high: number
}

const confidence = 0.95
const power = 0.8
/** One percentage point of accuracy. */
const onePoint = 0.01
/** Beyond so many pairs Student's t is the normal distribution to every digit that matters. */
const manyPairs = 10_000

/** Mean and sample standard deviation of at least one value. */
export function spread(values: readonly number[]): Spread {
  return {
    n: values.length,
    mean: mean([...values]),
    deviation: values.length > 1 ? sampleStandardDeviation([...values]) : null,
  }
}

/** Standard error of the mean; null for one value. */
export function standardError({ n, deviation }: Spread): number | null {
  return deviation === null ? null : deviation / Math.sqrt(n)
}

/** 95 % confidence interval of the mean by Student's t with n − 1 degrees of freedom; null for one value. */
export function meanInterval(values: Spread): Interval | null {
  const error = standardError(values)
  if (error === null) return null
  const reach = jStat.studentt.inv((1 + confidence) / 2, values.n - 1) * error
  return { low: values.mean - reach, high: values.mean + reach }
}

/** Differences value − reference for every key (a seed) that both have, in the order of the values. */
export function pairedDifferences<Key>(
  values: ReadonlyMap<Key, number>,
  reference: ReadonlyMap<Key, number>,
): number[] {
  return [...values].flatMap(([key, value]) => {
    const other = reference.get(key)
    return other === undefined ? [] : [value - other]
  })
}

/** What the interval of paired differences says about the sign of their mean. */
export type Verdict = 'higher' | 'lower' | 'undecided'

/** `undecided` when the 95 % interval holds zero, or when there are fewer than two pairs. */
export function verdict(differences: Spread): Verdict {
  const interval = meanInterval(differences)
  if (interval === null) return 'undecided'
  if (interval.low > 0) return 'higher'
  return interval.high < 0 ? 'lower' : 'undecided'
}

/**
 * Fewest pairs with which a two-sided paired t test at 5 % sees a true difference (by default one percentage point) with
 * 80 % power, when single differences have this standard deviation. At least 2. (Cohen 1988, §2; the power is exact, by
 * the noncentral t distribution.)
 */
export function pairsNeeded(deviation: number, difference = onePoint): number {
  const effect = difference / deviation
  const quantiles = jStat.normal.inv((1 + confidence) / 2, 0, 1) + jStat.normal.inv(power, 0, 1)
  const normal = Math.max(2, Math.ceil((quantiles / effect) ** 2))
  if (normal > manyPairs || !Number.isFinite(effect)) return normal
  // The normal approximation is a lower bound; the search ends within a few steps.
  let pairs = normal
  while (pairedPower(pairs, effect) < power) pairs++
  return pairs
}

/** How many pairs more than these it takes (see `pairsNeeded`); null while fewer than two say how differences scatter. */
export function pairsStillNeeded({ n, deviation }: Spread, difference = onePoint): number | null {
  return deviation === null ? null : Math.max(0, pairsNeeded(deviation, difference) - n)
}

function pairedPower(pairs: number, effect: number): number {
  const degrees = pairs - 1
  const critical = jStat.studentt.inv((1 + confidence) / 2, degrees)
  const shift = effect * Math.sqrt(pairs)
  return 1 - jStat.noncentralt.cdf(critical, degrees, shift) + jStat.noncentralt.cdf(-critical, degrees, shift)
}
