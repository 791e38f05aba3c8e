/** What is shown where a value does not exist yet. */
export const missing = '—'

/** How the largest two units of a duration are put. */
export interface TimeWords {
  readonly seconds: (seconds: string) => string
  readonly minutes: (minutes: string, seconds: string) => string
  readonly hours: (hours: string, minutes: string) => string
  readonly days: (days: string, hours: string) => string
}

export const englishTime: TimeWords = {
  seconds: (seconds) => `${seconds} s`,
  minutes: (minutes, seconds) => `${minutes} min ${seconds} s`,
  hours: (hours, minutes) => `${hours} h ${minutes} min`,
  days: (days, hours) => `${days} d ${hours} h`,
}

const magnitudes = ['', 'k', 'M', 'G', 'T', 'P', 'E']

/** Numbers as they are shown: grouped, with units, in one language. */
export interface Formatter {
  count(value: number): string
  /** At most `digits` decimals, no padding. */
  number(value: number, digits?: number): string
  /** Three significant digits, for values of unknown size. */
  significant(value: number): string
  /** A share as a percentage. */
  percent(share: number, digits?: number): string
  /** A share as a percentage with at most one decimal, for axes. */
  share(share: number): string
  /** A difference of shares in percentage points, with its sign. */
  points(difference: number): string
  bytes(bytes: number): string
  /** Number of floating-point operations with an SI prefix. */
  flops(flops: number): string
  /** Seconds, as the largest two units. */
  duration(seconds: number): string
  date(iso: string): string
}

export function createFormatter(locale: string, words: { readonly time: TimeWords }): Formatter {
  const decimals = (minimum: number, maximum: number, more: Intl.NumberFormatOptions = {}) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: minimum, maximumFractionDigits: maximum, ...more })
  const whole = decimals(0, 0)
  const threeDigits = new Intl.NumberFormat(locale, { maximumSignificantDigits: 3 })
  const signed = decimals(2, 2, { signDisplay: 'exceptZero' })
  const dates = new Intl.DateTimeFormat(locale, { dateStyle: 'medium', timeStyle: 'short' })

  const withPrefix = (value: number, unit: string) => {
    const step = value < 1000 ? 0 : Math.min(magnitudes.length - 1, Math.floor(Math.log10(value) / 3))
    return `${threeDigits.format(value / 1000 ** step)} ${magnitudes[step]}${unit}`
  }

  return {
    count: (value) => whole.format(value),
    number: (value, digits = 4) => decimals(0, digits).format(value),
    significant: (value) => threeDigits.format(value),
    percent: (share, digits = 2) => decimals(digits, digits, { style: 'percent' }).format(share),
    share: (share) => decimals(0, 1, { style: 'percent' }).format(share),
    points: (difference) => signed.format(difference * 100).replace('-', '−'),
    bytes: (bytes) => withPrefix(bytes, 'B'),
    flops: (flops) => withPrefix(flops, 'FLOPs'),
    duration(seconds) {
      const { time } = words
      if (seconds < 9.95) return time.seconds(threeDigits.format(seconds))
      const rounded = Math.round(seconds)
      if (rounded < 60) return time.seconds(whole.format(rounded))
      const minutes = Math.floor(rounded / 60)
      if (minutes < 60) return time.minutes(whole.format(minutes), whole.format(rounded % 60))
      const hours = Math.floor(minutes / 60)
      if (hours < 24) return time.hours(whole.format(hours), whole.format(minutes % 60))
      return time.days(whole.format(Math.floor(hours / 24)), whole.format(hours % 24))
    },
    date: (iso) => dates.format(new Date(iso)),
  }
}
