import { valueFromText } from '@contract/command-line'
import { fieldShape, type ExperimentField } from '@contract/experiment'
import type { AxisValue, SweepAxis } from '@contract/sweep'

/** An axis as typed: the field and its values, separated by commas or spaces. */
export interface AxisTexts {
  readonly field: ExperimentField
  readonly text: string
}

/** The values as typed; repeated ones count once. */
export function axisOf({ field, text }: AxisTexts): SweepAxis {
  const values = text
    .split(/[\s,;，；、]+/)
    .filter((piece) => piece !== '')
    .map((piece): AxisValue => valueFromText(field, piece))
  return { field, values: [...new Set(values)] }
}

export function axisTexts({ field, values }: SweepAxis): AxisTexts {
  return { field, text: values.map((value) => value ?? 'auto').join(', ') }
}

/** What a fresh axis begins with: every option of a choice, else the value that the field has now. */
export function firstAxisTexts(field: ExperimentField, text: string): AxisTexts {
  const shape = fieldShape(field)
  if (shape.kind === 'choice') return { field, text: shape.options.join(', ') }
  return { field, text: text === '' ? 'auto' : text }
}
