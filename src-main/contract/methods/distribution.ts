/** The switches for a dense first and last layer. */
export const dense = ['firstLayer', 'lastLayer'] as const
/** Parameters of a method that takes a sparsity and shares it out over layers as the experiment says. */
export const distribution = ['sparsity', 'layerDistribution', ...dense] as const
/** The parts of a method that trains a dense network. */
export const denseParts = {
  distribution: 'dense',
  initialMask: 'dense',
  drop: 'none',
  grow: 'none',
  schedule: 'never',
  place: 'none',
  aggregation: 'mean',
} as const
