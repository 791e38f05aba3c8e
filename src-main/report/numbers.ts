import prettyBytes from 'pretty-bytes'
import type { Spread } from '../contract/statistics'

/** Numbers as tables print them: mean ± standard deviation over seeds, with units. */

/** "97.31 ± 0.12 %"; a single run has no deviation. */
export function percentText(value: Spread): string {
  const deviation = value.deviation === null ? '' : ` ± ${(value.deviation * 100).toFixed(2)}`
  return `${(value.mean * 100).toFixed(2)}${deviation}`
}

/** "+1.20 ± 0.40": percentage points with their sign. */
export function pointsText(value: Spread): string {
  return `${value.mean >= 0 ? '+' : ''}${percentText(value)}`
}

/** A count: "26,175". */
export function countText(value: number): string {
  return Math.round(value).toLocaleString('en')
}

/** "12.3 MB" (decimal). */
export function bytesText(value: number): string {
  return prettyBytes(value)
}

/** "1.23 TFLOP": theoretical floating-point operations. */
export function flopsText(value: number): string {
  const exponent = Math.min(5, Math.max(0, Math.floor(Math.log10(Math.max(value, 1)) / 3)))
  return `${(value / 1000 ** exponent).toPrecision(3)} ${['', 'k', 'M', 'G', 'T', 'P'][exponent]}FLOP`
}

/** "0.42 s". */
export function secondsText(value: number): string {
  return `${value < 10 ? value.toFixed(2) : value.toFixed(1)} s`
}
