import { createFormatter, englishTime, type Formatter } from '../format'
import { isShare, type CostAxis, type Metric } from './curves'

/** A cost on its axis, whose label has the unit. */
export function formatCost(axis: CostAxis, format: Formatter): (value: number) => string {
  if (axis === 'flops') return (value) => format.flops(value)
  return (value) => (axis === 'rounds' ? format.number(value, 1) : format.significant(value))
}

export function formatMetric(metric: Metric, format: Formatter): (value: number) => string {
  return (value) => (isShare(metric) ? format.share(value) : format.number(value, 3))
}

/** Numbers for English text outside the window. */
export const englishFormat = createFormatter('en', { time: englishTime })
