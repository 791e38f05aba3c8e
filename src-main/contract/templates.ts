import { exampleExperiments } from './examples'
import { fieldShape, type ExperimentField } from './experiment'
import { reproductions } from './reproductions'
import { ablationAxis, type SweepAxis } from './sweep'
import type { Template } from './template'

const base = exampleExperiments['four-arms']
const seeds = [0, 1, 2]

function everyOption(field: ExperimentField): SweepAxis {
  const shape = fieldShape(field)
  return { field, values: shape.kind === 'choice' ? shape.options : [] }
}

/**
 * The axes are those of the seed note's tables (ΔT, R, β × R) on the example's data, so that each answers in minutes; data set,
 * model and rounds are the user's to change afterwards.
 */
export const templates = {
  'four-arms': { experiment: base, axes: [ablationAxis], withStatic: false, seeds },
  'interval-sweep': {
    experiment: base,
    axes: [{ field: 'readjustmentInterval', values: [1, 4, 7, 10] }],
    withStatic: true,
    seeds,
  },
  'ratio-sweep': {
    experiment: base,
    axes: [{ field: 'readjustmentRatio', values: [0.01, 0.1, 0.3, 0.5, 0.7, 0.9] }],
    withStatic: true,
    seeds,
  },
  'skew-ratio': {
    experiment: base,
    axes: [
      { field: 'dirichletConcentration', values: [0.1, 0.5, 100] },
      { field: 'readjustmentRatio', values: [0.1, 0.3, 0.5] },
    ],
    withStatic: true,
    seeds,
  },
  criteria: { experiment: base, axes: [everyOption('growthCriterion')], withStatic: true, seeds },
  ...reproductions,
} as const satisfies Record<string, Template>

export type TemplateName = keyof typeof templates
export const templateNames = Object.keys(templates) as TemplateName[]
