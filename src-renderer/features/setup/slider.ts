import { fieldValue } from '../../state/field-text'
import type { ExperimentField } from '@contract/experiment'

/** A slider beside a number: positions 0 to 1000. It repeats the text field and adds no value that cannot be typed. */
export interface Slider {
  toPosition(text: string): number
  toValue(position: number): number
}

const steps = 1000

/** Shares in steps of one hundredth. */
function linear(name: ExperimentField, maximum: number): Slider {
  return {
    toPosition: (text) => clamp((Number(fieldValue(name, text)) / maximum) * steps),
    toValue: (position) => Math.round((position / steps) * maximum * 100) / 100,
  }
}

/** Equal ratios at equal distances, two significant digits. */
function logarithmic(name: ExperimentField, minimum: number, maximum: number): Slider {
  const span = Math.log(maximum / minimum)
  return {
    toPosition: (text) => clamp((Math.log(Number(fieldValue(name, text)) / minimum) / span) * steps),
    toValue: (position) => Number((minimum * Math.exp((position / steps) * span)).toPrecision(2)),
  }
}

function clamp(position: number): number {
  return Number.isNaN(position) ? 0 : Math.min(steps, Math.max(0, position))
}

const sliders: Partial<Record<ExperimentField, Slider>> = {
  dirichletConcentration: logarithmic('dirichletConcentration', 0.01, 100),
  sparsity: linear('sparsity', 0.99),
  readjustmentRatio: linear('readjustmentRatio', 0.99),
}

/** The slider of a field that has one. */
export function sliderOf(name: ExperimentField): Slider | null {
  return sliders[name] ?? null
}
