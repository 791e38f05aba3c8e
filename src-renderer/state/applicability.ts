import type { ExperimentField } from '@contract/experiment'
import type { Messages } from '../i18n/en'

export type NotApplicable = keyof Messages['notApplicable']

type Deciding = Readonly<Record<'partition' | 'method', string>>

const topologyFields: readonly ExperimentField[] = [
  'readjustmentRatio',
  'readjustmentInterval',
  'rateDecayMethod',
  'rateDecayEnd',
  'growthCriterion',
]

/** Why a field has no influence on an experiment, or null when it has. */
export function reasonNotApplicable(name: ExperimentField, { partition, method }: Deciding): NotApplicable | null {
  if (name === 'dirichletConcentration' || name === 'minimumSamplesPerClient') {
    return partition === 'dirichlet' ? null : 'dirichletOnly'
  }
  if (name === 'shardsPerClient') return partition === 'shards' ? null : 'shardsOnly'
  if (name === 'sparsity') return method === 'none' ? 'sparseOnly' : null
  if (name === 'layerDistribution') return method === 'none' || method === 'small-dense' ? 'maskedOnly' : null
  if (topologyFields.includes(name)) return method === 'dynamic' ? null : 'dynamicOnly'
  return null
}
